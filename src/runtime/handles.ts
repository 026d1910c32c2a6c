/** Handles by what a signature came to, or by ids that were stored. */
import { GroupNotFound } from '../errors.ts';
import type { ResultTuple } from '../protocol/canvas.ts';
import type { Application } from './apply.ts';
import { GroupHandle, type GroupMembers, groupsNotStored, taskIdsOf } from './group-handle.ts';
import { GroupProgress } from './group-progress.ts';
import type { StoredResults } from './stored-results.ts';
import { type AnyHandle, type HandleContext, TaskHandle } from './task-handle.ts';
import type { TrackedTask } from './tracked-task.ts';

export interface HandlesContext extends Omit<HandleContext, 'handleOf'> {
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
}

export interface Handles {
  /** What a task's handle needs. */
  readonly context: HandleContext;
  /** The handle of a result; of one that was sent just now, with its application. */
  handleOf(result: ResultTuple, application?: Application): AnyHandle;
  /** The handle of a group that was saved. */
  savedGroup<Results extends readonly unknown[]>(id: string): GroupHandle<Results>;
}

export function createHandles(base: HandlesContext): Handles {
  function handleOf(result: ResultTuple, application?: Application): AnyHandle {
    const [[id, parent], members] = result;
    const context = { ...base, handleOf: (other: ResultTuple) => handleOf(other, application) };
    const sent = application ? sendingOf(result, application) : Promise.resolve();
    if (members === null) return new TaskHandle(taskOf(id, application), sent, context, parent);
    const known = Promise.resolve(membersOf(members, application));
    return new GroupHandle({ id, parent, sent, members: () => known }, context);
  }

  /** Its application still knows a task of which the client has forgotten. */
  function taskOf(id: string, application?: Application): TrackedTask {
    return application?.tasks.get(id) ?? base.results.find(id);
  }

  function membersOf(members: readonly ResultTuple[], application?: Application): GroupMembers {
    const tasks = taskIdsOf(members).map((id) => taskOf(id, application));
    return { results: members, progress: new GroupProgress(tasks, base) };
  }

  /** The members are read once, when that succeeds. */
  function savedGroup<Results extends readonly unknown[]>(id: string): GroupHandle<Results> {
    let reading: Promise<GroupMembers> | undefined;
    const members = () => {
      reading ??= savedMembers(base.stored, id)
        .then((members) => membersOf(members))
        .catch((error) => {
          reading = undefined;
          throw error;
        });
      return reading;
    };
    return new GroupHandle({ id, parent: null, sent: Promise.resolve(), members }, { ...base, handleOf });
  }

  return { context: { ...base, handleOf }, handleOf, savedGroup };
}

/** @throws GroupNotFound, OperationNotSupported when no backend stores groups. */
async function savedMembers(stored: StoredResults | null, groupId: string): Promise<readonly ResultTuple[]> {
  if (!stored) throw groupsNotStored();
  const ids = await stored.fetchGroup(groupId);
  if (ids !== null) return ids.map((id) => [[id, null], null]);
  throw new GroupNotFound(
    `there is no group '${groupId}': save it with its handle's save(), and look for it before its results expire`,
  );
}

/** Its own message, or that of the task before it with which it travels; else all of them. */
function sendingOf(result: ResultTuple, { sent, sentOf }: Application): Promise<void> {
  for (let next: ResultTuple | null = result; next !== null; next = next[0][1]) {
    const sending = sentOf(next[0][0]);
    if (sending) return sending;
  }
  return sent;
}

/** Ids of all tasks that a result stands for: also of what leads to it, and of the members of groups. */
export function allTaskIds(result: ResultTuple): ReadonlySet<string> {
  const ids = new Set<string>();
  const open: ResultTuple[] = [result];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [[id, parent], members] = next;
    if (members === null) ids.add(id);
    else open.push(...members);
    if (parent !== null) open.push(parent);
  }
  return ids;
}
