/** How a worker ends: Celery's warm, soft and cold shutdown (celery/apps/worker.py). */
import type { Executors } from '../executors/executors.ts';
import type { Logger } from '../logger.ts';

export interface Shutdown {
  /** Resolves when the worker has ended, for whatever reason. */
  readonly done: Promise<void>;
  /** Takes nothing more, lets what runs finish, gives the rest back to the queues. */
  warm(): Promise<void>;
  /** The same, but what still runs when its time is over (`worker_soft_shutdown_timeout`) is ended. */
  soft(): Promise<void>;
  /** Ends what runs. Whatever has no result yet goes back to the queues. */
  cold(): Promise<void>;
}

interface ShutdownOptions {
  readonly executors: Executors;
  readonly logger: Logger;
  /** Seconds that a soft shutdown leaves to what runs. */
  readonly softTimeout: number;
  /** Told how many tasks are ended that still run. */
  readonly onAborted: (tasks: number) => void;
  /** Aborted when it begins. */
  readonly stopping: AbortController;
  /** Closes everything; resolves when all deliveries are settled and nothing is open. */
  readonly close: () => Promise<void>;
}

/** Each can be asked for at any time, and as often as one likes: the sternest counts. */
export function createShutdown(options: ShutdownOptions): Shutdown {
  const { executors, logger, softTimeout, stopping } = options;
  let ending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let killed = false;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });

  async function end(): Promise<void> {
    logger.info({ running: executors.active.length }, 'stopping: what runs may finish');
    stopping.abort();
    try {
      await options.close();
      logger.info({}, 'stopped');
    } finally {
      clearTimeout(timer);
      finish();
    }
  }

  function warm(): Promise<void> {
    ending ??= end();
    return ending;
  }

  function cold(): Promise<void> {
    const ended = warm();
    const { length: running } = executors.active;
    if (running > 0 && !killed) {
      logger.warn({}, 'what runs is ended, and goes back to its queue');
      options.onAborted(running);
    }
    killed = true;
    executors.kill();
    return ended;
  }

  function soft(): Promise<void> {
    if (executors.active.length === 0 || softTimeout === 0) return cold();
    logger.info({ seconds: softTimeout }, 'stopping: what runs may finish until then');
    timer ??= setTimeout(() => void cold(), softTimeout * 1000);
    return warm();
  }

  return { done, warm, soft, cold };
}
