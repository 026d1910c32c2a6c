import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kernel } from '../../../src/contract/threads.ts';
import { answerKernelCalls } from '../../../src/threads/kernel-thread.ts';

const echo: Kernel<never, unknown> = { name: 'echo', run: (input) => input };
const call = { kernel: 'echo', input: 1 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function thread() {
  const collect = { young: vi.fn(), all: vi.fn() };
  return { collect, run: answerKernelCalls(new Map([['echo', echo]]), collect) };
}

describe('the garbage of kernels', () => {
  it('that is young is collected once for all calls of 20 ms', async () => {
    const { collect, run } = thread();
    await run(call);
    await run(call);
    expect(collect.young).not.toHaveBeenCalled();
    vi.advanceTimersByTime(20);
    expect(collect.young).toHaveBeenCalledTimes(1);
    await run(call);
    vi.advanceTimersByTime(20);
    expect(collect.young).toHaveBeenCalledTimes(2);
  });

  it('is all collected when there was no call for a second', async () => {
    const { collect, run } = thread();
    await run(call);
    vi.advanceTimersByTime(999);
    await run(call);
    vi.advanceTimersByTime(999);
    expect(collect.all).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(collect.all).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10_000);
    expect(collect.all).toHaveBeenCalledTimes(1);
  });
});

it('a kernel that is not there is an error that says so', async () => {
  const { run } = thread();
  expect(await run({ kernel: 'other', input: 1 })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("no kernel 'other'") },
  });
});
