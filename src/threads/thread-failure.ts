import { getHeapStatistics } from 'node:v8';
import { OutOfMemory, ThreadExited } from '../errors.ts';

/** Names what ended a thread in the middle of a call; piscina reports it in several forms. */
export function threadFailure(error: unknown, subject: string): Error {
  if (!(error instanceof Error)) {
    return new TypeError(`${subject} returned what cannot be copied between threads: return plain data`);
  }
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    // All threads of a process have the same limit.
    const most = Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20);
    return new OutOfMemory(
      `${subject} needs more than the ${most} MiB of JavaScript heap that it may use: give it less data, or the worker more memory or fewer slots`,
      { cause: error },
    );
  }
  const exit = /worker exited with code: (\d+)/.exec(error.message);
  if (!exit) return error;
  return new ThreadExited(
    `${subject} ended its thread with exit code ${exit[1]}: return or throw instead of calling process.exit`,
    { cause: error },
  );
}
