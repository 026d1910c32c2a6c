/** The thread's side of the pool: finds the kernel that was called and answers with its output or its error. */
import { copyError, type ErrorCopy } from '../contract/error-copy.ts';
import type { Kernel } from '../contract/threads.ts';

export interface KernelCall {
  readonly kernel: string;
  readonly input: unknown;
}

export type KernelReply =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly error: ErrorCopy };

type Kernels = ReadonlyMap<string, Kernel<never, unknown>>;

/** A collection takes about a millisecond: after each of many short calls it would be most of the work. */
const COLLECTION_DELAY_MS = 20;

/**
 * Answers calls of these kernels. Never rejects, except for an output that cannot be cloned.
 *
 * @param collectGarbage is called soon after calls: an idle thread would hold the columns of its last ones while it lives.
 */
export function answerKernelCalls(
  kernels: Kernels,
  collectGarbage: () => void,
): (call: KernelCall) => Promise<KernelReply> {
  let isDue = false;
  return async (call) => {
    const reply = await answer(kernels, call);
    if (!isDue) setTimeout(collect, COLLECTION_DELAY_MS).unref();
    isDue = true;
    return reply;
  };

  function collect(): void {
    isDue = false;
    collectGarbage();
  }
}

async function answer(kernels: Kernels, { kernel: name, input }: KernelCall): Promise<KernelReply> {
  try {
    const kernel = kernels.get(name);
    if (!kernel) throw new TypeError(`no kernel '${name}' in this thread: add it to src/ml/kernels.ts`);
    // Both sides find a kernel by its name, so the input is what this kernel was called with.
    return { ok: true, output: await kernel.run(input as never) };
  } catch (error) {
    return { ok: false, error: copyError(error) };
  }
}
