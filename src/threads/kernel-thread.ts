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

/** How a thread collects garbage; by itself V8 would let the memory of columns lie, which is not in its heap. */
export interface Collections {
  /** Of what was created since the last one. About a millisecond. */
  young(): void;
  /** All. Some milliseconds. */
  all(): void;
}

/** After each of many short calls a collection would be most of the work. */
const YOUNG_DELAY_MS = 20;
/** Without a call for so long, a thread is idle. */
const IDLE_MS = 1000;

/**
 * Answers calls of these kernels. Never rejects, except for an output that cannot be cloned. Garbage is collected soon
 * after calls, and all of it once there are none: an idle thread would hold the columns of its last ones while it lives.
 */
export function answerKernelCalls(
  kernels: Kernels,
  collect: Collections,
): (call: KernelCall) => Promise<KernelReply> {
  let isDue = false;
  let idle: NodeJS.Timeout | undefined;
  return async (call) => {
    const reply = await answer(kernels, call);
    if (!isDue) setTimeout(collectYoung, YOUNG_DELAY_MS).unref();
    isDue = true;
    clearTimeout(idle);
    idle = setTimeout(collect.all, IDLE_MS).unref();
    return reply;
  };

  function collectYoung(): void {
    isDue = false;
    collect.young();
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
