/** `omega events`: what workers and clients tell, as it happens. */
import type { Command } from 'commander';
import type { Omega } from '../../omega.ts';
import type { ClusterEvent } from '../../protocol/cluster-event.ts';
import { stringifyJson } from '../../protocol/json.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';

interface EventsOptions extends GlobalOptions {
  readonly raw?: true;
  readonly enable?: true;
}

export function addEventsCommand(program: Command): void {
  const events = program
    .command('events')
    .summary('show what happens, until Ctrl-C')
    .description('Shows the events of workers and tasks as they happen, Python ones too, until Ctrl-C.')
    .option('--raw', 'print each event as it is on the wire, one JSON object a line')
    .option('-e, --enable', 'first tell the workers to send events of tasks');
  events.action(async () => {
    const options = events.optsWithGlobals<EventsOptions>();
    const { signal, restore } = abortOnSignals();
    try {
      await withOmega(events, (om) => showEvents(om, options, signal));
    } finally {
      restore();
    }
  });
}

async function showEvents({ runtime }: Omega, options: EventsOptions, signal: AbortSignal): Promise<void> {
  if (options.enable) await runtime.control.cast('enable_events');
  for await (const event of runtime.events({ signal })) process.stdout.write(`${format(event, options)}\n`);
}

function format(event: ClusterEvent, { raw, json }: EventsOptions): string {
  const { fields, ...read } = event;
  if (raw) return stringifyJson(fields);
  if (json) return stringifyJson({ ...read, time: event.time.toISOString() });
  return `${event.time.toISOString()} ${String(fields.type).padEnd(16)} ${event.hostname} ${describe(event)}`.trimEnd();
}

function describe(event: ClusterEvent): string {
  switch (event.type) {
    case 'task-sent':
    case 'task-received':
      return `${event.taskId} ${event.taskName}${event.args} ${event.kwargs}`;
    case 'task-succeeded':
      return `${event.taskId} ${event.runtime?.toFixed(3)} s ${event.result}`;
    case 'task-failed':
    case 'task-retried':
      return `${event.taskId} ${event.exception}`;
    case 'task-revoked':
      return `${event.taskId} ${event.expired ? 'expired' : event.terminated ? 'terminated' : ''}`;
    case 'task-rejected':
      return `${event.taskId} ${event.requeue ? 'requeued' : ''}`;
    case 'task-started':
      return event.taskId;
    case 'other':
      return '';
    default:
      return `active ${event.active}, processed ${event.processed}`;
  }
}

function abortOnSignals(): { readonly signal: AbortSignal; restore(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.once(name, abort);
  return {
    signal: controller.signal,
    restore() {
      for (const name of names) process.off(name, abort);
    },
  };
}
