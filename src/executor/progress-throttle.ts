/** Reports of progress, no more than ten a second: those that come faster replace each other. */
import type { JsonText } from '../contract/job.ts';

const INTERVAL_MS = 100;

type SendProgress = (state: string, meta: JsonText) => void;

export class ProgressThrottle {
  readonly #send: SendProgress;
  #waiting: { readonly state: string; readonly meta: JsonText } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(send: SendProgress) {
    this.#send = send;
  }

  /** Sends it now or later, unless another one comes before. */
  report(state: string, meta: JsonText): void {
    this.#waiting = { state, meta };
    const wait = this.#sentAt + INTERVAL_MS - performance.now();
    // By the clock, since a task that computes lets no timer fire.
    if (wait <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), wait).unref();
  }

  /** Sends what still waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const report = this.#waiting;
    if (!report) return;
    this.#waiting = undefined;
    this.#sentAt = performance.now();
    this.#send(report.state, report.meta);
  }
}
