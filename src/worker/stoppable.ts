/** Stopping something once. */

/** Shuts down once, however often it is asked to; `done` also when nobody waits for `stop`. */
export function stoppable(shutDown: () => Promise<void>): { done: Promise<void>; stop(): Promise<void> } {
  let stopped: Promise<void> | undefined;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    done,
    stop() {
      stopped ??= shutDown().finally(finish);
      return stopped;
    },
  };
}
