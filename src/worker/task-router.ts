/** Where the tasks go that a worker sends. Signatures come from elsewhere, and may name any queue, unless that is switched off. */
import { routing, type Settings } from '../config.ts';
import { InvalidTaskError } from '../errors.ts';
import { createRouter, type Router } from '../protocol/routes.ts';

/**
 * With `createMissingQueues` off, only to queues that the settings name, and through their exchanges. What names
 * another one fails as what makes no sense, and not as a wrong setting.
 */
export function createTaskRouter(settings: Settings): Router {
  const route = createRouter({ ...routing(settings), createMissing: true });
  if (settings.createMissingQueues) return route;
  const { taskQueues, taskRoutes, queues } = settings;
  const routes = taskRoutes.map(([, target]) => target);
  const names = new Set([
    routing(settings).defaultQueue,
    ...queues,
    ...[...taskQueues.map(({ name }) => name), ...routes.flatMap(({ queue }) => queue ?? [])],
  ]);
  const exchanges = new Set([
    ...taskQueues.map(({ exchange }) => exchange),
    ...routes.flatMap(({ exchange }) => exchange ?? []),
  ]);
  return (taskName, given) => {
    const destination = route(taskName, given);
    const { queue, exchange } = destination;
    if (exchange === undefined ? names.has(queue) : exchanges.has(exchange)) return destination;
    throw new InvalidTaskError(
      `task '${taskName}' is to go to ${exchange === undefined ? `queue '${queue}'` : `exchange '${exchange}'`}, which this worker's settings do not name: add it to OMEGA_TASK_QUEUES, or set OMEGA_CREATE_MISSING_QUEUES to on`,
    );
  };
}
