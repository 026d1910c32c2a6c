/** Threads for tests: kernels run at once, in this thread, with their input cloned as a thread would get it. */
import type { Kernel, Threads } from '../../src/contract/threads.ts';

/** @param cores what it says it may use. */
export function inlineThreads(cores = 2): Threads & { readonly calls: string[] } {
  const calls: string[] = [];
  return { cores, calls, run };

  async function run<Input, Output>(
    kernel: Kernel<Input, Output>,
    input: Input,
    signal?: AbortSignal,
  ): Promise<Output> {
    signal?.throwIfAborted();
    calls.push(kernel.name);
    await new Promise(setImmediate);
    return structuredClone(await kernel.run(structuredClone(input)));
  }
}
