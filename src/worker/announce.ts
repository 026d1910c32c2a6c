/** Events of a task at the moments at which Celery sends them, where the task wants any. */
import type { TaskEvents } from './events.ts';
import { type Request, secondsOf, type WorkerNode } from './node.ts';
import type { Conclusion } from './report.ts';

/** Python's SIGTERM, by which Celery's workers end a task. */
const SIGTERM = 15;

/** The events of a task; null when none are sent of it. */
export function eventsOf(node: WorkerNode, { message }: Request): TaskEvents | null {
  const sendEvents = node.tasks.get(message.taskName)?.sendEvents ?? true;
  return sendEvents ? node.events : null;
}

/** How a task ended: after its delivery is settled (celery/worker/request.py `on_success`, `on_failure`). */
export function announceEnd(node: WorkerNode, request: Request, conclusion: Conclusion): void {
  const events = eventsOf(node, request);
  switch (conclusion.kind) {
    case 'success':
      events?.succeeded(request, conclusion.result, secondsOf(request));
      break;
    case 'failure':
      events?.failed(request, conclusion.error);
      break;
    case 'retry':
      events?.retried(request, conclusion.error);
      break;
    case 'rejected':
      if (!conclusion.requeue) events?.failed(request, conclusion.error);
      events?.rejected(request, { requeue: conclusion.requeue });
      break;
    case 'revoked': {
      const terminated = conclusion.reason === 'terminated';
      const expired = conclusion.reason === 'expired';
      events?.revoked(request, { terminated, signum: terminated ? SIGTERM : null, expired });
    }
  }
}
