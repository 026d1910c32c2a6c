/** What the doctor finds about RabbitMQ. */
import { type BrokerExamination, examineBroker, type QueueState } from '../../broker/examine.ts';
import { brokerSettings, type Settings } from '../../config.ts';
import { OmegaError } from '../../errors.ts';
import { brokerTls } from '../../tls.ts';
import { lastingQueues } from '../../worker/queues.ts';
import { type Finding, isLoopback, reporter } from './finding.ts';
import { isOlder } from './version.ts';

/** Seconds that RabbitMQ waits for an ack where nobody has set another time. */
const USUAL_CONSUMER_TIMEOUT_S = 1800;
/** Quorum queues, and the ends of messages that workers rely on. */
const OLDEST = [3, 8] as const;
/** From this version on, quorum queues give a message up that was delivered 20 times. */
const LIMITS_DELIVERIES = [4, 0] as const;

const { ok, warning, failure, unknown } = reporter('broker');

/** @param consumerTimeout - seconds that the broker waits for an ack, where the user knows them. */
export async function examineRabbit(
  settings: Settings,
  consumerTimeout: number | null,
): Promise<readonly Finding[]> {
  try {
    const options = { ...brokerSettings(settings), tls: brokerTls(settings), name: 'omega doctor' };
    return judgeRabbit(await examineBroker(options, lastingQueues(settings)), settings, consumerTimeout);
  } catch (error) {
    if (!(error instanceof OmegaError)) throw error;
    return [failure(error.message, '')];
  }
}

/** What is to be said of a broker. */
export function judgeRabbit(
  found: BrokerExamination,
  settings: Pick<Settings, 'deliveryLimitQueue' | 'handoverAfter'>,
  consumerTimeout: number | null,
): readonly Finding[] {
  return [
    ...connectionOf(found),
    ...versionOf(found, settings.deliveryLimitQueue),
    ...permissionsOf(found),
    ...[...found.queues].flatMap(([name, queue]) => [queueOf(name, queue), ...argumentsOf(queue)]),
    ackTimeOf(settings.handoverAfter, consumerTimeout),
  ];
}

function connectionOf({ address, product, version }: BrokerExamination): readonly Finding[] {
  const { protocol, hostname, port, virtualHost, username } = address;
  const where = `${product} ${version} at ${hostname}:${port}, virtual host '${virtualHost}', as '${username}'`;
  if (protocol === 'amqps' || isLoopback(hostname)) return [ok(where)];
  return [
    ok(where),
    warning('the connection is not encrypted', 'use amqps:// and port 5671 (docs/security.md)'),
  ];
}

function versionOf(
  { version }: BrokerExamination,
  deliveryLimitQueue: string | undefined,
): readonly Finding[] {
  if (isOlder(version, OLDEST)) {
    return [
      failure(`RabbitMQ ${version} is older than ${OLDEST.join('.')}`, 'use a version that is maintained'),
    ];
  }
  if (isOlder(version, LIMITS_DELIVERIES) || deliveryLimitQueue !== undefined) return [];
  return [
    warning(
      'this RabbitMQ drops tasks of quorum queues that it has delivered 20 times',
      'set OMEGA_DELIVERY_LIMIT_QUEUE and the policy of docs/guarantees.md',
    ),
  ];
}

function permissionsOf({ refusal, isBlocked }: BrokerExamination): readonly Finding[] {
  const permitted =
    refusal === null
      ? ok('a queue, the exchanges of events and replies, and a message of our own were accepted')
      : failure(
          refusal,
          "give the user the permissions 'configure', 'write' and 'read' on this virtual host",
        );
  if (!isBlocked) return [permitted];
  return [
    permitted,
    failure(
      'an alarm is raised: nothing can be published',
      'give the broker memory or disk: rabbitmqctl status',
    ),
  ];
}

function queueOf(name: string, queue: QueueState | null): Finding {
  if (queue === null) return ok(`queue '${name}' does not exist yet: the first worker or client declares it`);
  const { ready, consumers } = queue;
  const text = `queue '${name}': ${ready} messages wait, ${consumers} consumers`;
  return ready > 0 && consumers === 0 ? warning(text, 'start a worker that consumes it') : ok(text);
}

/** Workers take a queue as it is; Celery declares it again, and fails. */
function argumentsOf(queue: QueueState | null): readonly Finding[] {
  if (queue === null || queue.difference === null) return [];
  const { name, difference } = queue;
  return [
    warning(
      `queue '${name}' was declared otherwise than by these settings: ${difference}`,
      `workers take it as it is, Celery's clients and workers are refused (PRECONDITION_FAILED): have the settings say what there is (OMEGA_QUEUE_TYPE, OMEGA_QUEUE_MAX_PRIORITY, or queueArguments in OMEGA_TASK_QUEUES); or let it run empty, rabbitmqctl delete_queue ${name}, and omega declare-topology`,
    ),
  ];
}

/** AMQP does not tell it. */
function ackTimeOf(handoverAfter: number, consumerTimeout: number | null): Finding {
  const needed = handoverAfter * 2;
  const text = `tasks are handed over after ${handoverAfter} s (OMEGA_HANDOVER_AFTER)`;
  if (consumerTimeout === null) {
    const isUsual = needed <= USUAL_CONSUMER_TIMEOUT_S;
    return unknown(
      `${text}: consumer_timeout must be at least ${needed} s, and cannot be asked from here`,
      `${isUsual ? 'the default of 1800 s will do; ' : ''}compare: rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).' (milliseconds), and give it as --consumer-timeout (seconds)`,
    );
  }
  if (consumerTimeout >= needed)
    return ok(`${text}, within half of the consumer_timeout of ${consumerTimeout} s`);
  return failure(
    `${text}, but the broker takes a message back after ${consumerTimeout} s`,
    `set OMEGA_HANDOVER_AFTER to at most ${Math.floor(consumerTimeout / 2)}, or raise consumer_timeout`,
  );
}
