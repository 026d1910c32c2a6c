/** Celery's native delayed delivery: queues by whose times to live a message finds its way back after a while. */
import type { Publication } from '../contract/transport.ts';

/**
 * The publication on the way through the delay queues, so that it reaches its queue at `eta`; as it is when that
 * is less than a second away.
 */
export function delayUntil(publication: Publication, _eta: Date | null, _now: Date): Publication {
  return publication;
}
