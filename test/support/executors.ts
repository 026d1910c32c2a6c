/** Real executors for tests, forked from the compiled code. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Job, JsonText, TaskId } from '../../src/contract/job.ts';
import type { TaskLine } from '../../src/contract/task-line.ts';
import { createExecutors, type Executors, type ExecutorsOptions } from '../../src/executors/executors.ts';
import { MAX_RESULT_BYTES } from '../../src/protocol/result.ts';
import { useTrace } from './worker.ts';

/** A module of test/fixtures/tasks, compiled. */
export function taskModule(name: string): string {
  return fileURLToPath(new URL(`../../dist/test/fixtures/tasks/${name}.js`, import.meta.url));
}

/** A line as the supervisor logs it. */
interface LogLine {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export type ExecutorsUnderTest = Executors & { readonly log: readonly LogLine[] };

/** Executors that are killed after the test, not started yet. */
export function makeExecutors(options: Partial<ExecutorsOptions> = {}): ExecutorsUnderTest {
  const log: LogLine[] = [];
  const write = (fields: LogLine['fields'], message: string) => log.push({ fields, message });
  const executors = createExecutors({
    slots: 1,
    cores: 1,
    modules: [taskModule('sample-tasks')],
    settings: { PATH: process.env.PATH ?? '' },
    maxOldSpaceMb: 256,
    memory: { limit: null, available: totalmem() },
    logger: { info: write, warn: write, error: write },
    ...options,
  });
  onTestFinished(async () => {
    executors.kill();
    await executors.close();
  });
  return Object.assign(executors, { log });
}

export async function useExecutors(options: Partial<ExecutorsOptions> = {}): Promise<ExecutorsUnderTest> {
  const executors = makeExecutors(options);
  await executors.start();
  return executors;
}

/** Of a task that says nothing while it runs. */
export const noLine: TaskLine = {
  progress: () => undefined,
  send: () => Promise.reject(new Error('nothing is sent here')),
};

/** A job that runs until it is released. */
export function heldJob(): { readonly job: Job; release(): void } {
  const { path } = useTrace();
  return { job: job('sample.hold', { path }), release: () => writeFileSync(path, '') };
}

/** A job of a task, with keyword arguments, as a Python client sends them. */
export function job(taskName: string, kwargs: object = {}, fields: Partial<Job> = {}): Job {
  return {
    taskId: randomUUID() as string as TaskId,
    taskName,
    body: JSON.stringify([[], kwargs, {}]) as JsonText,
    rootId: null,
    parentId: null,
    groupId: null,
    groupIndex: null,
    stamps: {},
    retries: 0,
    softTimeLimit: null,
    resultLimit: MAX_RESULT_BYTES,
    hostname: 'omega@test',
    ...fields,
  };
}
