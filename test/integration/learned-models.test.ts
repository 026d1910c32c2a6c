import { randomUUID } from 'node:crypto';
import { RandomForestClassifier } from 'ml-random-forest';
import { SimpleLinearRegression } from 'ml-regression';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidOptions, InvalidTaskError, NotFitted, OperationNotSupported } from '../../src/errors.ts';
import { Ridge } from '../../src/index.ts';
import { createModelCache } from '../../src/models/model-cache.ts';
import { createModels } from '../../src/models/models.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { BuiltinContext, BuiltinTask, Stores } from '../../src/tasks/builtin-task.ts';
import { fitTask, partialFitTask, predictTask, scoreTask } from '../../src/tasks/model-tasks.ts';
import { preloadTask } from '../../src/tasks/preload-task.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('learned_models'));
  om = freshStores(mongo);
  const rows = Array.from({ length: 40 }, (_, i) => ({
    x: i,
    c: i % 2 ? 'odd' : 'even',
    y: 2 * i + 1,
    kind: i < 20 ? 'low' : 'high',
  }));
  await om.datasets.put(rows, 'rows');
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function run(
  task: BuiltinTask,
  args: readonly unknown[],
  kwargs: object = {},
  changes: Partial<BuiltinContext> = {},
): Promise<unknown> {
  return task.run(args, { pure_python: true, __bucket: null, ...kwargs }, taskContext(om, changes));
}

describe('omega_partial_fit', () => {
  it('learns rows besides those of earlier fits, once for each task', async () => {
    await om.models.put(new Ridge({ alpha: 0 }), 'line');
    await run(partialFitTask, ['line', [[1], [2]], [3, 5]]);
    const second = { taskId: randomUUID() };
    await run(partialFitTask, ['line', [[3], [4]], [7, 11]], {}, second);
    const [at5] = (await run(predictTask, ['line', [[5]]])) as [number];
    await run(partialFitTask, ['line', [[3], [4]], [7, 11]], {}, second);
    expect(await run(predictTask, ['line', [[5]]])).toEqual([at5]);
    await om.models.put(new Ridge({ alpha: 0 }), 'whole');
    await run(fitTask, ['whole', [[1], [2], [3], [4]], [3, 5, 7, 11]]);
    expect(await run(predictTask, ['whole', [[5]]])).toEqual([expect.closeTo(at5, 10)]);
  });

  it('is refused by a model that needs all rows at once', async () => {
    await om.models.put(new RandomForestClassifier({ nEstimators: 2 }), 'forest');
    const call = run(partialFitTask, ['forest', 'rows[x]', 'rows[kind]']);
    await expect(call).rejects.toThrow(OperationNotSupported);
    await expect(call).rejects.toThrow(/needs all rows at once/);
  });
});

describe('a fit with weights of rows', () => {
  it('is of a forest', async () => {
    await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'weighted');
    const sample_weight = Array.from({ length: 40 }, (_, i) => Number(i < 20));
    await run(fitTask, ['weighted', 'rows[x]', 'rows[kind]'], { sample_weight });
    expect(await run(predictTask, ['weighted', [[39]]])).toEqual(['low']);
  });

  it('is of a linear model, whole or in parts', async () => {
    const sample_weight = Array.from({ length: 40 }, (_, i) => Number(i < 20));
    for (const [name, fit] of [
      ['weighted ridge', fitTask],
      ['weighted parts', partialFitTask],
    ] as const) {
      await om.models.put(new Ridge({ alpha: 0 }), name);
      const y = Array.from({ length: 40 }, (_, i) => (i < 20 ? i : -i));
      await run(fit, [name, 'rows[x]', y], { sample_weight });
      expect(await run(predictTask, [name, [[39]]])).toEqual([expect.closeTo(39, 9)]);
    }
  });

  it('is refused by a model that does not heed them', async () => {
    await om.models.put(SimpleLinearRegression, 'unweighted');
    const call = run(fitTask, ['unweighted', 'rows[x]', 'rows[y]'], { sample_weight: 'rows[x]' });
    await expect(call).rejects.toThrow(OperationNotSupported);
  });

  it('of several steps reports how far it is', async () => {
    const seen: unknown[] = [];
    await om.models.put(new RandomForestClassifier({ nEstimators: 30 }), 'slow');
    await run(fitTask, ['slow', 'rows[x]', 'rows[kind]'], {}, { progress: (meta) => seen.push(meta) });
    expect(seen).toEqual([{ done: 15, total: 30 }]);
  });
});

describe('omega_score', () => {
  it('answers with the score that is asked for', async () => {
    await om.models.put(new Ridge({ alpha: 0 }), 'scored');
    await run(fitTask, ['scored', 'rows[x]', 'rows[y]']);
    const error = await run(scoreTask, ['scored', 'rows[x]', 'rows[y]'], {
      scoring: 'neg_mean_absolute_error',
    });
    expect(error).toBeCloseTo(0, 9);
    const unknown = run(scoreTask, ['scored', 'rows[x]', 'rows[y]'], { scoring: 'f1' });
    await expect(unknown).rejects.toThrow(InvalidOptions);
  });
});

describe('om.models.exportOnnx', () => {
  it('gives a file that predicts the same when it is put', async () => {
    await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'exported');
    await expect(om.models.exportOnnx('exported')).rejects.toThrow(NotFitted);
    await run(fitTask, ['exported', 'rows[x,c]', 'rows[kind]']);
    const file = await om.models.exportOnnx('exported');
    await om.models.put(file, 'again');
    expect(await run(predictTask, ['again', 'rows[x,c]'])).toEqual(
      await run(predictTask, ['exported', 'rows[x,c]']),
    );
    expect(await om.models.exportOnnx('again')).toEqual(file);
  });

  it('is refused for a file that is no model', async () => {
    await om.models.put(Buffer.from('text'), 'text');
    await expect(om.models.exportOnnx('text')).rejects.toThrow(OperationNotSupported);
  });
});

describe('a model that is kept ready', () => {
  it('is not read again, until there is another version', async () => {
    const bucket = `bucket-${randomUUID()}`;
    const models = createModels(mongo, { bucket, cache: createModelCache() });
    await models.put(new Ridge({ alpha: 3 }), 'kept');
    expect(await models.get('kept')).toMatchObject({ options: { alpha: 3 } });
    await mongo.db.collection(`${bucket}.models.files`).deleteMany({});
    await models.put(new Ridge({ alpha: 4 }), 'other');
    expect(await models.get('kept')).toMatchObject({ options: { alpha: 3 } });
    await models.put(new Ridge({ alpha: 5 }), 'kept');
    expect(await models.get('kept')).toMatchObject({ options: { alpha: 5 } });
  });

  it('can be read before it is asked for', async () => {
    await om.models.put(new Ridge(), 'first');
    expect(await run(preloadTask, ['first'])).toEqual(['first']);
    expect(await run(preloadTask, [['first', 'first']])).toEqual(['first', 'first']);
    await expect(run(preloadTask, [3])).rejects.toThrow(InvalidTaskError);
    await expect(run(preloadTask, [], { names: ['first'] })).rejects.toThrow(/no argument 'names'/);
  });
});
