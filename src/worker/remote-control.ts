/** Answers remote control: what clients ask through the worker's mailbox. */
import type { Broker } from '../broker/broker.ts';
import type { Mailbox, MailboxRequest } from '../broker/mailbox.ts';
import { NO_REPLY } from '../control/command.ts';
import { type ControlPolicy, commandName, runCommand } from '../control/commands.ts';
import type { ControlledWorker } from '../control/controlled-worker.ts';
import type { Logger } from '../logger.ts';
import { decodeControlRequest, encodeControlReply, isAddressedTo } from '../protocol/control.ts';

export interface RemoteControlOptions {
  readonly broker: Broker;
  readonly policy: ControlPolicy;
  readonly logger: Logger;
  /** Told of each command, by a name that is known, or `unknown`. */
  readonly onCommand: (name: string) => void;
}

/** Requests that are being answered; further ones are dropped, as is right for questions that nobody can wait for. */
const MAX_OPEN = 200;

export function answerControl(worker: ControlledWorker, options: RemoteControlOptions): Mailbox {
  const { broker, logger } = options;
  let open = 0;
  return broker.openMailbox(worker.hostname, async (message) => {
    if (open >= MAX_OPEN) {
      logger.warn({}, `a control request is dropped: ${open} others are not answered yet`);
      return;
    }
    open += 1;
    try {
      await answer(worker, message, options);
    } catch (err) {
      logger.warn({ err }, 'a control request could not be answered');
    } finally {
      open -= 1;
    }
  });
}

async function answer(
  worker: ControlledWorker,
  message: MailboxRequest,
  { broker, policy, logger, onCommand }: RemoteControlOptions,
): Promise<void> {
  const request = decodeControlRequest(message.body, message.properties, broker.names.controlReply);
  worker.clock.adjust(request.clock);
  if (!isAddressedTo(request, worker.hostname)) return;
  onCommand(commandName(request.method));
  const value = await runCommand(worker, request.method, request.arguments, policy);
  logger.debug({ command: request.method }, 'remote control');
  if (value === NO_REPLY) return;
  const reply = encodeControlReply(request, worker.hostname, value, worker.clock.forward());
  if (reply) await broker.publisher.publish(reply);
}
