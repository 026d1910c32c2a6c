/** The ids and stamps that were revoked, so that a message that comes later is not run. */

/** As many ids as Celery remembers (celery/worker/state.py REVOKES_MAX). */
const MAX_REVOKED = 50_000;

export interface RevokedTasks {
  /** Revokes tasks. */
  add(taskIds: readonly string[]): Promise<void>;
  /** Values of stamps by the stamp's name: a task with any of them is revoked. */
  addStamps(stamps: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Takes over what another worker knows (Celery's mingle). */
  merge(taskIds: readonly string[]): void;
  has(taskId: string): boolean;
  /** Whether a task with these stamps is revoked. */
  hasStamps(stamps: Readonly<Record<string, unknown>>): boolean;
  list(): string[];
}

export function createRevokedTasks(): RevokedTasks {
  const ids = new Set<string>();
  const stamped = new Set<string>();
  return {
    async add(taskIds) {
      for (const taskId of taskIds) addLast(ids, taskId);
    },
    merge(taskIds) {
      for (const taskId of taskIds) addLast(ids, taskId);
    },
    async addStamps(stamps) {
      for (const pair of pairsOf(stamps)) addLast(stamped, pair);
    },
    has: (taskId) => ids.has(taskId),
    hasStamps: (stamps) => stamped.size > 0 && pairsOf(stamps).some((pair) => stamped.has(pair)),
    list: () => [...ids],
  };
}

function addLast(items: Set<string>, item: string): void {
  items.delete(item);
  items.add(item);
  const [oldest] = items;
  if (items.size > MAX_REVOKED && oldest !== undefined) items.delete(oldest);
}

/** Each stamp with each of its values. */
function pairsOf(stamps: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(stamps).flatMap(([name, value]) => {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each) => JSON.stringify([name, each]));
  });
}
