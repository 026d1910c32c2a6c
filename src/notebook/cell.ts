/** Runs one code cell on a kernel. */
import { CellTimeout, OmegaError } from '../errors.ts';
import { isTextList, type JsonObject, textOf } from './json-object.ts';
import type { Kernel } from './kernel.ts';
import type { KernelMessage } from './messages.ts';
import { type CodeCell, hasTag, sourceOf } from './notebook.ts';
import { CellOutputs, type Displays } from './outputs.ts';
import { settleWithin, type TimeLimit } from './time-limits.ts';

/** What the cells of a run share. */
export interface CellContext {
  readonly kernel: Kernel;
  readonly displays: Displays;
  readonly outputLimitBytes: number;
  /** Milliseconds that an interrupted cell has before its kernel is killed. */
  readonly graceMs: number;
  readonly signal: AbortSignal | undefined;
  readonly explainFailure: ((source: string) => Promise<string | null>) | undefined;
}

/**
 * Runs a cell and fills in its outputs, execution count and timings. Returns null when the run may go on,
 * else why it ends: the cell raised, ran too long, its kernel died, or the run was aborted.
 */
export async function runCell(
  cell: CodeCell,
  limit: TimeLimit,
  context: CellContext,
): Promise<string | null> {
  const outputs = new CellOutputs(cell, context.displays, context.outputLimitBytes);
  const timings: Record<string, string> = {};
  cell.metadata.execution = timings;
  const listener = (message: KernelMessage) => {
    recordProgress(cell, timings, message);
    outputs.add(message);
  };
  try {
    const { content, date } = await executeWithin(limit, sourceOf(cell), listener, context);
    timings['shell.execute_reply'] = date;
    cell.execution_count = countOf(content) ?? cell.execution_count;
    if (content.status === 'ok') return null;
    if (!hasError(cell)) outputs.addError(await explain(content, sourceOf(cell), context));
    return hasTag(cell, 'raises-exception') ? null : describeError(cell);
  } catch (error) {
    if (!(error instanceof OmegaError) && error !== context.signal?.reason) throw error;
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    outputs.addError({ ename: name, evalue: message, traceback: [`${name}: ${message}`] });
    return message;
  }
}

/** @throws CellTimeout, KernelDied, the reason of the run's signal */
async function executeWithin(
  limit: TimeLimit,
  source: string,
  listener: (message: KernelMessage) => void,
  { kernel, graceMs }: CellContext,
): Promise<KernelMessage> {
  const execution = kernel.execute(source, listener);
  const settled = await settleWithin(execution, limit.remainingMs);
  if (settled.inTime) return settled.value;
  kernel.interrupt();
  const ended = execution.then(ignore, ignore);
  const { inTime } = await settleWithin(ended, graceMs);
  if (!inTime) await kernel.close();
  const what = limit.of === 'cell' ? 'The cell' : 'The notebook';
  const how = inTime ? 'interrupted' : `killed, as it did not stop within ${graceMs / 1000} s`;
  throw new CellTimeout(
    `${what} ran longer than its limit of ${limit.seconds} s and was ${how}. Raise the limit, or do less in it.`,
  );
}

function ignore(): void {}

function recordProgress(
  cell: CodeCell,
  timings: Record<string, string>,
  { type, date, content }: KernelMessage,
) {
  if (type === 'status') timings[`iopub.status.${textOf(content.execution_state)}`] = date;
  if (type !== 'execute_input') return;
  timings['iopub.execute_input'] = date;
  cell.execution_count = countOf(content);
}

function countOf(content: JsonObject): number | null {
  const count = content.execution_count;
  return Number.isInteger(count) ? Number(count) : null;
}

function hasError({ outputs }: CodeCell): boolean {
  return outputs.some(({ output_type }) => output_type === 'error');
}

/** The error output for a failure that the kernel reported in its reply only. */
async function explain(reply: JsonObject, source: string, context: CellContext): Promise<JsonObject> {
  const message = await context.explainFailure?.(source);
  if (message) return { ename: 'SyntaxError', evalue: message, traceback: [`SyntaxError: ${message}`] };
  const ename = textOf(reply.ename) || 'ExecutionFailed';
  const evalue = textOf(reply.evalue) || `the kernel's reply has status ${textOf(reply.status)}`;
  const traceback = isTextList(reply.traceback) ? reply.traceback : [];
  return { ename, evalue, traceback: traceback.length > 0 ? traceback : [`${ename}: ${evalue}`] };
}

/** In the words of nbclient's CellExecutionError, which omega|ml records. */
function describeError(cell: CodeCell): string {
  const errors = cell.outputs.filter((output) => output.output_type === 'error');
  const traceback = errors.flatMap((error) => error.traceback).join('\n');
  return [
    'An error occurred while executing the following cell:',
    '------------------',
    sourceOf(cell),
    '------------------',
    '',
    traceback,
    '',
  ].join('\n');
}
