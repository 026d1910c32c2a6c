/**
 * Traces, through OpenTelemetry's API: nothing is recorded where the user has registered no SDK. Spans and attributes
 * have the names of Celery's Python instrumentation, so that one trace goes through clients and workers of both.
 */
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { packageVersion } from './package-version.ts';

/** What a span tells of its task. */
interface TracedTask {
  readonly taskId: string;
  readonly taskName: string;
  readonly queue: string;
}

/** How a traced run ended, by Celery's states. */
export interface TracedEnd {
  readonly state: string;
  /** Class of the error of a failure. */
  readonly error?: string;
}

type Headers = Readonly<Record<string, unknown>>;

const tracer = trace.getTracer('omegaml-node', packageVersion());

const headerGetter: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, key) {
    const value = headers[key];
    return typeof value === 'string' ? value : undefined;
  },
};

/**
 * The sending of a task, as a span of its own within the one that is active.
 *
 * @param send - gets the headers by which the trace goes on at the worker.
 */
export async function traceSending<Result>(
  task: TracedTask,
  send: (headers: Headers) => Promise<Result>,
): Promise<Result> {
  const span = tracer.startSpan(`apply_async/${task.taskName}`, {
    kind: SpanKind.PRODUCER,
    attributes: { ...attributesOf(task), 'celery.action': 'apply_async', 'messaging.operation.type': 'send' },
  });
  const active = trace.setSpan(context.active(), span);
  const headers: Record<string, string> = {};
  propagation.inject(active, headers);
  return await context.with(active, () => untilEnded(span, () => send(headers)));
}

/**
 * The run of a task in a worker, from its admission until its result is stored and what comes next is sent. It goes on
 * with the trace of the message's headers.
 */
export async function traceRun<Result>(
  task: TracedTask & { readonly headers: Headers },
  run: () => Promise<Result>,
  endOf: (result: Result) => TracedEnd | null,
): Promise<Result> {
  const sender = propagation.extract(ROOT_CONTEXT, task.headers, headerGetter);
  const attributes = { ...attributesOf(task), 'celery.action': 'run', 'messaging.operation.type': 'process' };
  const span = tracer.startSpan(`run/${task.taskName}`, { kind: SpanKind.CONSUMER, attributes }, sender);
  return await context.with(trace.setSpan(sender, span), () =>
    untilEnded(span, async () => {
      const result = await run();
      noteEnd(span, endOf(result));
      return result;
    }),
  );
}

/** The time of a task in its executor, within its run; begun and ended from outside of the active context. */
export interface ExecutionTrace {
  begin(pid: number): void;
  end(): void;
  /** Does something as a part of the run. */
  within<Result>(action: () => Result): Result;
}

export function traceExecution({ taskName }: Pick<TracedTask, 'taskName'>): ExecutionTrace {
  const run: Context = context.active();
  let span: Span | undefined;
  return {
    begin(pid) {
      span = tracer.startSpan(`execute/${taskName}`, { attributes: { 'process.pid': pid } }, run);
    },
    end: () => span?.end(),
    within: (action) => context.with(run, action),
  };
}

function attributesOf({ taskId, taskName, queue }: TracedTask) {
  return {
    'celery.task_name': taskName,
    'messaging.system': 'rabbitmq',
    'messaging.destination.name': queue,
    'messaging.message.id': taskId,
  };
}

function noteEnd(span: Span, end: TracedEnd | null): void {
  if (end === null) return;
  span.setAttribute('celery.state', end.state);
  if (end.error === undefined) return;
  span.setAttribute('error.type', end.error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: end.error });
}

async function untilEnded<Result>(span: Span, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    // Not its message, which may hold what is nobody's business.
    span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
