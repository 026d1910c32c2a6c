/** Publishing to a queue that may be missing. */
import { Unroutable } from '../errors.ts';
import type { TaskCall } from './task-message.ts';

/** Whether the queue of a call is declared for its message: not for an exchange of somebody else. */
export function declaresQueue({ exchange, declares = false }: TaskCall): boolean {
  return exchange === undefined || declares;
}

/** Publishes a call; a queue that is missing is declared, as Celery does: its tasks wait there for a worker. */
export async function publishDeclared(
  call: TaskCall,
  publish: () => Promise<void>,
  declare: () => Promise<void>,
): Promise<void> {
  await (declaresQueue(call) ? publishDeclaring(publish, declare) : publish());
}

/** Publishes, and once more after declaring what no message could be routed to. */
export async function publishDeclaring(
  publish: () => Promise<void>,
  declare: () => Promise<void>,
): Promise<void> {
  try {
    await publish();
  } catch (error) {
    if (!(error instanceof Unroutable)) throw error;
    await declare();
    await publish();
  }
}
