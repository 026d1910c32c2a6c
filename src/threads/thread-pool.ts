/** The threads of one executor, in which kernels run. */
import { Piscina } from 'piscina';
import { restoreError } from '../contract/error-copy.ts';
import type { Kernel, Threads } from '../contract/threads.ts';
import { Gate } from './gate.ts';
import type { KernelCall, KernelReply } from './kernel-thread.ts';
import { threadFailure } from './thread-failure.ts';

/** Idle threads live this long: 8.5 MB each, 40 ms to start another. */
const IDLE_TIMEOUT_MS = 30_000;

/** Kernels work on columns and make few objects: with V8's own limit a thread keeps 25 MB more of garbage. */
const YOUNG_GENERATION_MB = 8;

export interface ThreadsOptions {
  /** Threads that are ever started. */
  readonly maxThreads: number;
  /** Kernels that run at a time, at first. */
  readonly cores: number;
}

export interface ThreadPool extends Threads {
  /** From the next call on. */
  cores: number;
  close(): Promise<void>;
}

/**
 * Threads are started when they are needed. A running kernel is never terminated: inside native code that
 * would end the whole process. An aborted signal refuses the calls that still wait; what runs is asked to
 * stop through its input (a shared flag) and is waited for.
 */
export function createThreads({ maxThreads, cores }: ThreadsOptions): ThreadPool {
  const gate = new Gate(cores);
  const pool = new Piscina<KernelCall, KernelReply>({
    filename: import.meta.resolve('#workers/thread'),
    minThreads: 0,
    maxThreads,
    idleTimeout: IDLE_TIMEOUT_MS,
    atomics: 'async',
    recordTiming: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });

  async function call(kernel: string, input: unknown): Promise<unknown> {
    const reply = await pool.run({ kernel, input }).catch((error: unknown) => {
      throw threadFailure(error, `kernel '${kernel}'`);
    });
    if (reply.ok) return reply.output;
    throw restoreError(reply.error);
  }

  return {
    get cores() {
      return gate.limit;
    },
    set cores(value) {
      gate.limit = Math.min(value, maxThreads);
    },
    async run<Input, Output>(kernel: Kernel<Input, Output>, input: Input, signal?: AbortSignal) {
      await gate.enter(signal);
      try {
        return (await call(kernel.name, input)) as Output;
      } finally {
        gate.leave();
      }
    },
    close: () => pool.destroy(),
  };
}
