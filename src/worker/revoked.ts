/**
 * The tasks that were revoked, by their ids and by stamps, so that a message that comes later is not run. What
 * is asked for each task is in memory; what is revoked is also written down, and read when a worker starts.
 */
import type { Revocation, Revocations } from '../ledger/revoked.ts';
import type { Logger } from '../logger.ts';
import type { TaskMessage } from '../protocol/task-message.ts';

/** As many ids, and as many stamps, as Celery remembers ids (celery/worker/state.py REVOKES_MAX). */
const MAX_REVOKED = 50_000;
/** A longer id is no task's, and a longer stamp is not remembered. */
const MAX_TEXT = 1_024;

/** Stamps by name: a value, or a list of them. */
type Stamps = Readonly<Record<string, unknown>>;

export interface RevokedTasks {
  /** Revokes tasks: from now on here, and durably once it resolves. Never rejects. */
  add(taskIds: readonly string[]): Promise<void>;
  /** Revokes whatever has one of these values as a stamp of that name. As {@link add}. */
  addStamps(stamps: Stamps): Promise<void>;
  /** Takes over what another worker knows, without writing it down again (Celery's mingle). */
  merge(taskIds: readonly string[]): void;
  has(message: Pick<TaskMessage, 'taskId' | 'stamps'>): boolean;
  /** Ids of tasks. */
  list(): string[];
  /** Reads what was written down before. Never rejects. */
  load(): Promise<void>;
}

export function createRevokedTasks(store: Revocations, logger: Logger): RevokedTasks {
  const ids = new Set<string>();
  const stamps = new Set<string>();

  function remember(revocation: Revocation): void {
    if (revocation.kind === 'task') keep(ids, revocation.taskId);
    else keep(stamps, stampKey(revocation.name, revocation.value));
  }

  async function add(revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length === 0) return;
    revocations.forEach(remember);
    await store.add(revocations).catch((err) => {
      logger.error({ err }, 'what was revoked cannot be written down: it is forgotten when the workers stop');
    });
  }

  return {
    add: (taskIds) => add(tasksOf(taskIds)),
    addStamps: (revoked) => add(stampsOf(revoked).slice(-MAX_REVOKED).map(asRevocation)),
    merge: (taskIds) => tasksOf(taskIds).forEach(remember),
    has(message) {
      if (ids.has(message.taskId)) return true;
      return (
        stamps.size > 0 && stampsOf(message.stamps).some(([name, value]) => stamps.has(stampKey(name, value)))
      );
    },
    list: () => [...ids],
    async load() {
      const known = await store.recent(MAX_REVOKED).catch((err) => {
        logger.error({ err }, 'what was revoked before cannot be read');
        return [];
      });
      known.forEach(remember);
    },
  };
}

function keep(set: Set<string>, text: string): void {
  set.delete(text);
  set.add(text);
  const [oldest] = set;
  if (set.size > MAX_REVOKED && oldest !== undefined) set.delete(oldest);
}

function tasksOf(taskIds: readonly string[]): Revocation[] {
  const known = taskIds.filter((taskId) => taskId !== '' && taskId.length <= MAX_TEXT);
  return known.slice(-MAX_REVOKED).map((taskId) => ({ kind: 'task', taskId }));
}

function asRevocation([name, value]: readonly [string, string]): Revocation {
  return { kind: 'stamp', name, value };
}

/** Each value of each stamp. The command line sends numbers as text, so that text is what is compared. */
function stampsOf(stamps: Stamps): (readonly [name: string, value: string])[] {
  return Object.entries(stamps)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => [name, textOf(each)] as const),
    )
    .filter(([name, value]) => value !== '' && name.length + value.length <= MAX_TEXT);
}

/** Empty for what is no plain value. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function stampKey(name: string, value: string): string {
  return JSON.stringify([name, value]);
}
