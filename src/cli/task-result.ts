/** Printing what becomes of a task. */
import { stringifyJson } from '../protocol/json.ts';
import type { TaskHandle } from '../runtime/task-handle.ts';
import type { GlobalOptions } from './global-options.ts';
import { print } from './output.ts';

export interface ResultOptions extends GlobalOptions {
  /** Seconds. Default: until it is there. */
  readonly timeout?: number;
}

/** Prints the id of a task that has been sent. */
export async function printSent(handle: TaskHandle<unknown>, options: GlobalOptions): Promise<void> {
  await handle.sent;
  print(options, { id: handle.id }, handle.id);
}

/** Waits for a result and prints it. @throws TaskFailed, ResultTimeout */
export async function printResult(handle: TaskHandle<unknown>, options: ResultOptions): Promise<void> {
  const limit = options.timeout === undefined ? {} : { timeout: options.timeout * 1000 };
  const result = await handle.get(limit);
  const text = typeof result === 'string' ? result : stringifyJson(result);
  print(options, { id: handle.id, result }, text);
}
