/** A job that runs longer than this is not short. */
const OVERDUE_MS = 50;
/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface JobClockOptions {
  /** Seconds until `onLimit`; null for never. */
  readonly timeLimit: number | null;
  readonly onLimit: () => void;
  /** The job has run longer than short jobs do. */
  readonly onOverdue: () => void;
}

/** Times the job that an executor runs: its hard limit, and whether it is overdue for a short job. */
export class JobClock {
  #limitTimer: NodeJS.Timeout | undefined;
  #overdueTimer: NodeJS.Timeout | undefined;
  #isOverdue = false;

  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  start({ timeLimit, onLimit, onOverdue }: JobClockOptions): void {
    this.#overdueTimer = setTimeout(() => {
      this.#isOverdue = true;
      onOverdue();
    }, OVERDUE_MS);
    if (timeLimit === null) return;
    this.#limitTimer = setTimeout(onLimit, Math.min(timeLimit * 1000, MAX_TIMER_MS));
  }

  stop(): void {
    clearTimeout(this.#limitTimer);
    clearTimeout(this.#overdueTimer);
    this.#isOverdue = false;
  }
}
