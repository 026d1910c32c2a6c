/** A MongoDB whose disk is full. */
import { expect, it, onTestFinished } from 'vitest';
import { openMongoBackend } from '../../src/backend/mongodb.ts';
import { serviceOptions } from '../../src/cli/local-services.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import { OperationalError } from '../../src/errors.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { successResult } from '../../src/protocol/result.ts';
import { mongoUrlAt, startMongod, stopMongod, waitForMongod } from '../../src/services/mongod.ts';
import { createDatasets } from '../../src/store/datasets.ts';
import { isRoot, useSmallDisk } from '../support/small-disk.ts';

it.skipIf(!isRoot)(
  'a write that finds no room may be done again when there is some',
  async () => {
    const disk = useSmallDisk('400m');
    const options = { ...serviceOptions(() => undefined), folder: disk.folder };
    const server = await startMongod(undefined, options);
    onTestFinished(() => stopMongod(server));
    await waitForMongod(server, options);
    const mongo = await connectMongo(mongoUrlAt(server.port));
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
    await datasets.put([{ x: 1 }], 'rows');
    await backend.store(result);
    expect(await backend.fetchResult(result.taskId)).toMatchObject({ result: 1 });
  },
  60_000,
);
