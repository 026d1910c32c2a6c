/** Remote control: finds a command by Celery's name, and carries it out (celery/worker/control.py, kombu/pidbox.py). */
import { exceptionRepr, toErrorRecord } from '../protocol/exception.ts';
import type { Fields } from '../protocol/fields.ts';
import { replyQueue, text } from './arguments.ts';
import { capacityCommands } from './capacity-commands.ts';
import type { Commands } from './command.ts';
import { controlCommands } from './control-commands.ts';
import type { ControlledWorker } from './controlled-worker.ts';
import { inspectCommands } from './inspect-commands.ts';
import { revokeCommands } from './revoke-commands.ts';

/** `guarded` refuses what ends the worker or changes what it consumes, and with how many slots. */
export type ControlPolicy = 'full' | 'guarded';

/** Commands that only workers of this package know; sent through an exchange of their own. */
const nodeCommands: Commands = {
  watch: (worker, args) => worker.watch(text(args, 'task_id'), replyQueue(args, 'reply_to')),
};

const commands = new Map(
  [inspectCommands, controlCommands, revokeCommands, capacityCommands, nodeCommands].flatMap((each) =>
    Object.entries(each),
  ),
);

const guardedCommands = new Set([...Object.keys(capacityCommands), 'shutdown']);

/** The name of a command, `unknown` for what is none: names come from outside. */
export function commandName(method: string): string {
  return commands.has(method) ? method : 'unknown';
}

/**
 * Carries a command out. Never throws: what goes wrong is the answer `{error}`.
 *
 * @returns the reply; `NO_REPLY` for a command that is not answered.
 */
export async function runCommand(
  worker: ControlledWorker,
  method: string,
  args: Fields,
  policy: ControlPolicy,
): Promise<unknown> {
  const command = commands.get(method);
  if (!command) return { error: exceptionRepr({ excType: 'KeyError', excMessage: [method.slice(0, 100)] }) };
  if (policy === 'guarded' && guardedCommands.has(method)) {
    return { error: `${method} is switched off at this worker: its setting remoteControl is guarded` };
  }
  try {
    return await command(worker, args);
  } catch (error) {
    return { error: exceptionRepr(toErrorRecord(error)) };
  }
}
