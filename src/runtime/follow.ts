/** Following one task until somebody stops it: news where there are any, and looks into the store as the net. */
import { startTimer } from './timer.ts';

export interface Following {
  /** Looks into the store; what is found there reaches the listeners. Never rejects. */
  look(): Promise<void>;
  /**
   * Asks for news, and resolves when none can be missed any more, with what ends that. Null where they come without.
   * The store is looked into right after it: what was there before is no news.
   */
  readonly watch: (() => Promise<() => void>) | null;
  /** Milliseconds until the first look, and the longest time between two. */
  readonly first: number;
  readonly longest: number;
}

const GROWTH = 1.5;

/** @returns what ends it. */
export function follow({ look, watch, first, longest }: Following): () => void {
  let stopped = false;
  let stopTimer = (): void => undefined;
  let unwatch = (): void => undefined;

  function lookAfter(pause: number): void {
    if (stopped) return;
    stopTimer = startTimer(pause, async () => {
      await look();
      lookAfter(Math.min(pause * GROWTH, longest));
    });
  }

  async function askForNews(ask: () => Promise<() => void>): Promise<void> {
    const end = await ask();
    if (stopped) return end();
    unwatch = end;
    await look();
  }

  // Without news, or while they are still being asked for, there are the looks.
  lookAfter(first);
  if (watch !== null) askForNews(watch).catch(() => undefined);
  return () => {
    stopped = true;
    stopTimer();
    unwatch();
  };
}
