/** Revoking tasks: by id, or by stamp (celery/worker/control.py `_revoke`, `revoke_by_stamped_headers`). */
import { constants } from 'node:os';
import { InvalidTaskError } from '../errors.ts';
import type { Acknowledgement } from '../protocol/control-replies.ts';
import type { Fields } from '../protocol/fields.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { flag, stamps, textList } from './arguments.ts';
import type { Commands } from './command.ts';
import type { ControlledWorker } from './controlled-worker.ts';

export const revokeCommands: Commands = {
  revoke: (worker, args) => revoke(worker, args, flag(args, 'terminate')),
  terminate: (worker, args) => revoke(worker, args, true),
  revoke_by_stamped_headers: revokeByStamps,
};

async function revoke(worker: ControlledWorker, args: Fields, terminate: boolean): Promise<Acknowledgement> {
  checkSignal(args.signal);
  const taskIds = textList(args, 'task_id');
  const ended = terminate ? worker.terminate(taskIds) : [];
  await worker.revoke(taskIds);
  if (!terminate) return { ok: `tasks ${reprOfSet(taskIds)} flagged as revoked` };
  return { ok: ended.length > 0 ? `terminate: ${ended.join(', ')}` : 'terminate: tasks unknown' };
}

async function revokeByStamps(worker: ControlledWorker, args: Fields): Promise<Acknowledgement> {
  checkSignal(args.signal);
  const wanted = stamps(args, 'headers');
  await worker.revokeStamped(wanted);
  const shown = pythonRepr(wanted);
  if (!flag(args, 'terminate')) return { ok: `headers ${shown} flagged as revoked, but not terminated` };
  const running = worker.runningWith(wanted);
  if (running.size === 0) return { ok: `headers ${shown} were not terminated` };
  worker.terminate([...running.keys()]);
  return { ok: `headers ${pythonRepr(mergeStamps([...running.values()]))} revoked` };
}

/** Executors are ended by SIGKILL, whatever the signal: a task cannot refuse. A name that is none is a mistake. */
function checkSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return;
  const name = String(signal).toUpperCase();
  const names = Object.keys(constants.signals);
  if (names.includes(name) || names.includes(`SIG${name}`)) return;
  if (Object.values(constants.signals).some((number) => number === signal)) return;
  throw new InvalidTaskError(`argument 'signal' is ${pythonRepr(signal, 80)}: name one such as SIGTERM`);
}

function mergeStamps(
  found: readonly Readonly<Record<string, readonly string[]>>[],
): Map<string, Set<string>> {
  const merged = new Map<string, Set<string>>();
  for (const [name, values] of found.flatMap((each) => Object.entries(each))) {
    merged.set(name, new Set([...(merged.get(name) ?? []), ...values]));
  }
  return merged;
}

/** Python's `repr` of a set. */
function reprOfSet(items: readonly string[]): string {
  return items.length === 0 ? 'set()' : pythonRepr(new Set(items));
}
