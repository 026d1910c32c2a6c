/** The ids that were revoked, so that a message that comes later is not run. */

/** As many ids as Celery remembers (celery/worker/state.py REVOKES_MAX). */
const MAX_REVOKED = 50_000;

export interface RevokedTasks {
  add(taskId: string): void;
  has(taskId: string): boolean;
  list(): string[];
}

export function createRevokedTasks(): RevokedTasks {
  const ids = new Set<string>();
  return {
    add(taskId) {
      ids.delete(taskId);
      ids.add(taskId);
      const [oldest] = ids;
      if (ids.size > MAX_REVOKED && oldest !== undefined) ids.delete(oldest);
    },
    has: (taskId) => ids.has(taskId),
    list: () => [...ids],
  };
}
