/** Publishing to a queue that may be missing. */
import type { Publication } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import type { TaskCall } from './task-message.ts';

type Publish = (publication: Publication) => Promise<void>;

/** Whether the queue of a call is declared for its message: not for an exchange of somebody else. */
export function declaresQueue({ exchange, declares = false }: TaskCall): boolean {
  return exchange === undefined || declares;
}

/** Publishes a call; a queue that is missing is declared, as Celery does: its tasks wait there for a worker. */
export async function publishDeclared(
  call: TaskCall,
  publication: Publication,
  publish: Publish,
  declare: () => Promise<void>,
): Promise<void> {
  await (declaresQueue(call) ? publishDeclaring(publication, publish, declare) : publish(publication));
}

/**
 * Publishes, and once more after declaring what no message could be routed to. A queue that is being recovered, after the
 * broker has died, is missing too: it may hold the message already.
 */
export async function publishDeclaring(
  publication: Publication,
  publish: Publish,
  declare: () => Promise<void>,
): Promise<void> {
  try {
    await publish(publication);
  } catch (error) {
    if (!(error instanceof Unroutable)) throw error;
    await declare();
    await publish({ ...publication, mayHaveArrived: true });
  }
}
