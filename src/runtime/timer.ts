/** One timer, of any length. */

/** Node's longest timer, 24.8 days: a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls `action` after `ms` milliseconds, which may be `Infinity`. Does not keep the process alive: the
 * connections of whoever waits do.
 *
 * @returns what stops the timer.
 */
export function startTimer(ms: number, action: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    timer =
      left > LONGEST_MS ? setTimeout(() => arm(left - LONGEST_MS), LONGEST_MS) : setTimeout(action, left);
    timer.unref();
  };
  arm(ms);
  return () => clearTimeout(timer);
}
