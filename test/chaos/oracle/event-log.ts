/** What the workers have told of the tasks, in the order in which it came. */
import type { Omega } from '../../../src/index.ts';

/** The part of an event that the oracle looks at. */
export interface TaskEvent {
  readonly type: string;
  readonly hostname: string;
  readonly taskId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface EventLog {
  /** Ends the listening. */
  read(): Promise<readonly TaskEvent[]>;
}

export function openEventLog({ runtime }: Omega): EventLog {
  const stop = new AbortController();
  const events: TaskEvent[] = [];
  const listening = listen();

  async function listen(): Promise<void> {
    for await (const { type, hostname, time, fields } of runtime.events({
      signal: stop.signal,
      pattern: 'task.#',
    })) {
      if (typeof fields.uuid === 'string')
        events.push({ type, hostname, taskId: fields.uuid, at: time.getTime() });
    }
  }

  listening.catch(() => undefined);
  return {
    async read() {
      stop.abort();
      await listening;
      return events;
    },
  };
}
