/** A MongoDB whose disk is full. */
import { expect, it, onTestFinished } from 'vitest';
import { openMongoBackend } from '../../src/backend/mongodb.ts';
import { serviceOptions } from '../../src/cli/local-services.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import { OperationalError } from '../../src/errors.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { successResult } from '../../src/protocol/result.ts';
import {
  type MongodRecord,
  mongoUrlAt,
  startMongod,
  stopMongod,
  waitForMongod,
} from '../../src/services/mongod.ts';
import type { ServiceOptions } from '../../src/services/options.ts';
import { isRunning } from '../../src/services/process-record.ts';
import { createDatasets } from '../../src/store/datasets.ts';
import { until } from '../support/broker-harness.ts';
import { isRoot, useSmallDisk } from '../support/small-disk.ts';

it.skipIf(!isRoot)(
  'a write that finds no room may be done again when there is some',
  async () => {
    const disk = useSmallDisk('400m');
    const options = { ...serviceOptions(() => undefined), folder: disk.folder };
    let server = await startMongod(undefined, options);
    onTestFinished(() => stopMongod(server));
    await waitForMongod(server, options);
    const mongo = await connectMongo(`${mongoUrlAt(server.port)}&serverSelectionTimeoutMS=2000`);
    onTestFinished(() => mongo.close());
    const datasets = createDatasets(mongo, { bucket: 'omegaml' });
    const backend = await openMongoBackend(mongo);
    await mongo.db.dropCollection('celery_taskmeta');
    const result = successResult(
      { taskId: 'kept' as TaskId, correlationId: 'kept', groupId: null, parentId: null, replyTo: null },
      '1' as JsonText,
    );

    disk.fill();
    await expect(datasets.put([{ x: 1 }], 'rows')).rejects.toThrow(/No space left.*give its disk more room/);
    await expect(backend.store(result)).rejects.toThrow(OperationalError);

    disk.free();
    await until(async () => {
      server = await startedAgain(server, options);
      return await isDone(datasets.put([{ x: 1 }], 'rows'));
    }, 30_000);
    await backend.store(result);
    expect(await backend.fetchResult(result.taskId)).toMatchObject({ result: 1 });
  },
  60_000,
);

/** MongoDB ends, some time later, when its journal finds no room: whoever runs it starts it again. */
async function startedAgain(server: MongodRecord, options: ServiceOptions): Promise<MongodRecord> {
  if (isRunning(server.process)) return server;
  const next = await startMongod(server, options);
  await waitForMongod(next, options);
  return next;
}

/** Whether a write was done; false where it may be done again. */
async function isDone(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof OperationalError) return false;
    throw error;
  }
}
