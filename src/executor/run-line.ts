/** The line of one run of a task: reports are throttled, and nothing is said after its end. */
import type { JsonText } from '../contract/job.ts';
import type { TaskLine } from '../contract/task-line.ts';
import { OperationNotSupported } from '../errors.ts';
import { ProgressThrottle } from './progress-throttle.ts';

export class RunLine implements TaskLine {
  readonly #line: TaskLine;
  #throttle: ProgressThrottle | undefined;
  #ended = false;

  constructor(line: TaskLine) {
    this.#line = line;
  }

  progress(state: string, meta: JsonText): void {
    if (this.#ended) return;
    this.#throttle ??= new ProgressThrottle((...report) => this.#line.progress(...report));
    this.#throttle.report(state, meta);
  }

  async send(signature: JsonText): Promise<string> {
    if (!this.#ended) return await this.#line.send(signature);
    throw new OperationNotSupported(
      'a task that has ended sends nothing: await context.send() before you return',
    );
  }

  /** Sends the last report, which must not come after the outcome. */
  end(): void {
    this.#ended = true;
    this.#throttle?.flush();
  }
}
