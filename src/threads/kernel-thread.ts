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

/** Answers calls of these kernels. Never rejects, except for an output that cannot be cloned. */
export function answerKernelCalls(
  kernels: ReadonlyMap<string, Kernel<never, unknown>>,
): (call: KernelCall) => Promise<KernelReply> {
  return async ({ kernel: name, input }) => {
    try {
      const kernel = kernels.get(name);
      if (!kernel) throw new TypeError(`no kernel '${name}' in this thread: add it to src/ml/kernels.ts`);
      // Both sides find a kernel by its name, so the input is what this kernel was called with.
      return { ok: true, output: await kernel.run(input as never) };
    } catch (error) {
      return { ok: false, error: copyError(error) };
    }
  };
}
