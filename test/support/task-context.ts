/** What a built-in task is given, over real stores and threads of this process. */
import { randomUUID } from 'node:crypto';
import { createModels } from '../../src/models/models.ts';
import type { Mongo } from '../../src/mongo/client.ts';
import { createDatasets } from '../../src/store/datasets.ts';
import { createJobs } from '../../src/store/notebooks.ts';
import type { BuiltinContext, Stores } from '../../src/tasks/builtin-task.ts';
import { inlineThreads } from './inline-threads.ts';

/** The stores of a bucket that no other test uses. */
export function freshStores(mongo: Mongo): Stores {
  return storesOf(mongo, `bucket-${randomUUID()}`);
}

/** @param changes to the context of a task with an id of its own. */
export function taskContext(om: Stores, changes: Partial<BuiltinContext> = {}): BuiltinContext {
  return {
    taskId: randomUUID(),
    taskName: 'test',
    rootId: null,
    parentId: null,
    groupId: null,
    groupIndex: null,
    stamps: {},
    retries: 0,
    hostname: 'omega@test',
    signal: new AbortController().signal,
    om,
    threads: inlineThreads(),
    progress: () => {},
    children: { started: () => {}, ended: () => {} },
    ...changes,
  };
}

function storesOf(mongo: Mongo, defaultBucket: string, bucket = defaultBucket): Stores {
  return {
    datasets: createDatasets(mongo, { bucket }),
    models: createModels(mongo, { bucket }),
    jobs: createJobs(mongo, { bucket }),
    bucket: (name) => storesOf(mongo, defaultBucket, name ?? defaultBucket),
  };
}
