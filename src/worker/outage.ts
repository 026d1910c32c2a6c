/**
 * A service that tasks need is away: MongoDB has no primary or no room, the result backend does not answer. No task fails
 * for that; what is here goes back to its queue, and the worker takes nothing more until there is hope.
 */
import { Backoff } from '../broker/backoff.ts';
import type { Logger } from '../logger.ts';
import type { Mongo } from '../mongo/client.ts';
import type { Holds } from './holds.ts';

/** Pauses after deliveries that failed one after the other: at random up to one second, two, four, ten. */
const PAUSES = { baseMs: 1_000, capMs: 10_000, stableMs: 20_000 };

export interface Outage {
  /** A delivery could not be processed for want of a service: the worker takes nothing for a while, longer each time. */
  report(reason: string): void;
}

export function watchOutages(mongo: Mongo, holds: Holds, logger: Logger): Outage {
  const backoff = new Backoff(PAUSES);
  const holdIf = holds.switchFor('MongoDB takes no writes');
  let wasWritable = true;
  let paused = false;

  mongo.onWritable((isWritable) => {
    if (isWritable === wasWritable) return;
    wasWritable = isWritable;
    if (isWritable) logger.info({}, 'MongoDB takes writes again');
    else logger.warn({}, 'MongoDB takes no writes: nothing more is taken from the queues until it does');
    holdIf(!isWritable);
  });

  return {
    report(reason) {
      if (paused) return;
      paused = true;
      const end = holds.hold(reason);
      setTimeout(() => {
        paused = false;
        backoff.opened();
        end();
      }, backoff.next()).unref();
    },
  };
}
