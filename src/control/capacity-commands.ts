/** What a worker consumes, and with how many slots (celery/worker/control.py, "Pool" and "Queues"). */
import type { ExchangeType } from '../contract/queue.ts';
import { InvalidTaskError } from '../errors.ts';
import type { Acknowledgement } from '../protocol/control-replies.ts';
import type { Fields } from '../protocol/fields.ts';
import { optionalSlots, optionalText, text } from './arguments.ts';
import type { Commands } from './command.ts';
import type { ControlledWorker } from './controlled-worker.ts';

/** Refused by a worker whose remote control is guarded, together with `shutdown`. */
export const capacityCommands: Commands = {
  add_consumer: addConsumer,
  cancel_consumer: cancelConsumer,
  pool_grow: (worker, args) => resize(worker, 'pool_grow', optionalSlots(args, 'n') ?? 1),
  pool_shrink: (worker, args) => resize(worker, 'pool_shrink', -(optionalSlots(args, 'n') ?? 1)),
  pool_restart: restartPool,
  autoscale,
};

const EXCHANGE_TYPES: readonly ExchangeType[] = ['direct', 'topic', 'fanout', 'headers'];

function addConsumer(worker: ControlledWorker, args: Fields): Acknowledgement {
  const name = text(args, 'queue');
  const given = optionalText(args, 'exchange_type') ?? 'direct';
  const exchangeType = EXCHANGE_TYPES.find((type) => type === given);
  if (exchangeType === undefined) {
    throw new InvalidTaskError(`there is no exchange type '${given}': use ${EXCHANGE_TYPES.join(', ')}`);
  }
  const exchange = optionalText(args, 'exchange') ?? name;
  worker.addQueue({ name, exchange, exchangeType, routingKey: optionalText(args, 'routing_key') ?? name });
  return { ok: `add consumer ${name}` };
}

function cancelConsumer(worker: ControlledWorker, args: Fields): Acknowledgement {
  const name = text(args, 'queue');
  worker.cancelQueue(name);
  return { ok: `no longer consuming from ${name}` };
}

function resize(worker: ControlledWorker, command: string, change: number): Acknowledgement {
  if (worker.autoscaler) {
    return { error: `${command} is not supported with autoscale. Adjust autoscale range instead.` };
  }
  if (worker.slots + change < 1) {
    throw new InvalidTaskError(
      `the worker has ${worker.slots} slots and keeps at least one: shrink it by less`,
    );
  }
  worker.resize(worker.slots + change);
  return { ok: change > 0 ? 'pool will grow' : 'pool will shrink' };
}

/** The modules are those of the worker, whichever are named. */
function restartPool(worker: ControlledWorker): Acknowledgement {
  worker.renew();
  return { ok: 'reload started' };
}

function autoscale({ autoscaler }: ControlledWorker, args: Fields): Acknowledgement {
  if (!autoscaler) return { error: "ValueError('Autoscale not enabled')" };
  const most = optionalSlots(args, 'max') ?? autoscaler.stats.max;
  const fewest = optionalSlots(args, 'min') ?? autoscaler.stats.min;
  if (fewest > most) throw new InvalidTaskError(`min=${fewest} is more than max=${most}: give both`);
  autoscaler.scale({ most, fewest });
  return { ok: `autoscale now max=${most} min=${fewest}` };
}
