/** What a client hears of a task while it runs: STARTED, and the states that the task reports itself. */
import type { JsonText } from '../contract/job.ts';
import { stringifyJson } from '../protocol/json.ts';
import { stateResult } from '../protocol/result.ts';
import { isReady, STARTED } from '../protocol/states.ts';
import type { Request, WorkerNode } from './node.ts';
import { keepsResult, storeState, taskFields } from './report.ts';

/** A task that ends sooner is not reported as STARTED, unless it asks for that: a short task costs no extra write. */
const REPORT_STARTED_AFTER_MS = 500;

export interface RunReports {
  /** The task has started in an executor. */
  started(): void;
  /** The task reports a state of its own. */
  progress(state: string, meta: JsonText): void;
  /** Reports nothing more; resolves when nothing is on its way, which would be the last word after the final state. */
  end(): Promise<void>;
}

interface State {
  readonly name: string;
  readonly meta: JsonText;
}

/** Reports one state at a time; of those that come meanwhile, the last. Losing one harms nobody. */
export function reportRun(node: WorkerNode, request: Request): RunReports {
  let timer: NodeJS.Timeout | undefined;
  let next: State | undefined;
  let sending: Promise<void> | undefined;
  let ended = !keepsResult(node, request);

  function send(name: string, meta: JsonText): void {
    // A state of its own is more than STARTED, which may still wait.
    clearTimeout(timer);
    // Only the task's end may end it.
    if (ended || isReady(name)) return;
    next = { name, meta };
    sending ??= sendAll();
  }

  async function sendAll(): Promise<void> {
    for (let state = take(); state; state = take()) {
      await storeState(node, request, stateResult(request.message, state.name, state.meta)).catch((err) => {
        node.logger.warn({ ...taskFields(request), err }, 'the state of a task could not be reported');
      });
    }
    sending = undefined;
  }

  function take(): State | undefined {
    const state = next;
    next = undefined;
    return state;
  }

  return {
    started() {
      const delay = startedDelay(node, request);
      if (delay === null) return;
      const report = () => send(STARTED, stringifyJson({ pid: request.pid, hostname: node.hostname }));
      if (delay === 0) report();
      else timer = setTimeout(report, delay);
    },
    progress: send,
    async end() {
      ended = true;
      clearTimeout(timer);
      next = undefined;
      await sending;
    },
  };
}

/** Milliseconds until STARTED is reported; null for never. */
function startedDelay(node: WorkerNode, { message }: Request): number | null {
  const trackStarted = node.tasks.get(message.taskName)?.trackStarted ?? (node.settings.trackStarted || null);
  if (trackStarted === null) return REPORT_STARTED_AFTER_MS;
  return trackStarted ? 0 : null;
}
