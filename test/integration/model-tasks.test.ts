import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DatasetNotFound,
  InvalidData,
  InvalidTaskError,
  ModelNotFound,
  NotFitted,
  OperationNotSupported,
} from '../../src/errors.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { NdArray } from '../../src/frame/nd-array.ts';
import { versionsOf } from '../../src/models/version-name.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { BuiltinTask, Stores } from '../../src/tasks/builtin-task.ts';
import { fitTask, predictProbaTask, predictTask, scoreTask } from '../../src/tasks/model-tasks.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

const SPECIES = ['Adelie', 'Gentoo', 'Chinstrap'];

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('model_tasks'));
  om = freshStores(mongo);
  await om.datasets.put(penguins(60), 'penguins');
  await om.models.put(new RandomForestRegression({ nEstimators: 5 }), 'mass');
  await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'unfitted');
});

/** Each test fits the model as if for the first time. */
beforeEach(async () => {
  await om.models.drop('species', { force: true });
  await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'species');
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

/** Species that the bill alone tells apart, and a mass that follows from it. */
function penguins(rowCount: number): DataFrame {
  return DataFrame.fromRows(
    Array.from({ length: rowCount }, (_, row) => ({
      bill: (row % 3) * 10 + (row % 7) / 10,
      island: ['Biscoe', 'Dream'][row % 2],
      mass: (row % 3) * 1000,
      species: SPECIES[row % 3],
    })),
  );
}

function run(task: BuiltinTask, args: readonly unknown[], kwargs = {}, changes = {}): Promise<unknown> {
  return task.run(args, { pure_python: true, __bucket: null, ...kwargs }, taskContext(om, changes));
}

function fitSpecies(changes = {}): Promise<unknown> {
  return run(fitTask, ['species', 'penguins[bill,island]'], { Yname: 'penguins[species]' }, changes);
}

describe('omega_fit', () => {
  it('answers with the Metadata text of the model', async () => {
    const { bucket } = om.datasets;
    expect(await fitSpecies()).toMatch(
      new RegExp(
        `^<Metadata: Metadata\\(name=species,bucket=${bucket},prefix=models/,kind=python.file,created=`,
      ),
    );
  });

  it('stores a version that predicts, and leaves the unfitted one before it', async () => {
    await fitSpecies();
    const { attributes } = await om.models.metadata('species');
    expect(versionsOf(attributes)?.commits).toHaveLength(2);
    const context = taskContext(om);
    const frame = (await om.datasets.get('penguins[bill,island]')) as DataFrame;
    await expect((await om.models.open('species^')).predict(frame, context)).rejects.toThrow(NotFitted);
    expect((await (await om.models.open('species')).predict(frame, context)).rowCount).toBe(60);
  });

  it('gives the fitted model back as an instance of its class', async () => {
    await fitSpecies();
    expect(await om.models.get('species')).toBeInstanceOf(RandomForestClassifier);
  });

  it('notes the training set, the signature and the score in the metadata', async () => {
    await fitSpecies();
    const { attributes } = await om.models.metadata('species');
    expect(attributes.dataset).toMatchObject({
      Xname: 'penguins[bill,island]',
      Yname: 'penguins[species]',
      features: ['bill', 'island'],
      labels: ['species'],
      Xmeta: { name: 'penguins', kind: 'pandas.dfrows', prefix: 'data/' },
    });
    expect(attributes.signature).toMatchObject({
      X: { schema: { properties: { bill: { type: 'number' }, island: { type: 'string' } } } },
      Y: { schema: { properties: { species: { type: 'string' } } } },
    });
    expect(attributes.metrics).toEqual({ accuracy: 1, rows: 60, seconds: expect.any(Number) });
  });

  it('stores one version for one task, however often it runs', async () => {
    const results = [await fitSpecies({ taskId: 'again' }), await fitSpecies({ taskId: 'again' })];
    expect(results[0]).toBe(results[1]);
    const { attributes } = await om.models.metadata('species');
    expect(versionsOf(attributes)?.commits).toHaveLength(2);
  });

  it.each([[null], ['*']])('fits again on the same datasets when they are %j', async (same) => {
    await fitSpecies();
    await run(fitTask, ['species', same], { Yname: same });
    const { attributes } = await om.models.metadata('species');
    expect(attributes.dataset).toMatchObject({ Xname: 'penguins[bill,island]', Yname: 'penguins[species]' });
  });

  it('takes columns whose names mean something to MongoDB', async () => {
    const X = [
      { 'a.b': 1, $c: 2 },
      { 'a.b': 3, $c: 4 },
    ];
    await run(fitTask, ['species', X], { Yname: ['cat', 'dog'] });
    const { attributes } = await om.models.metadata('species');
    expect(attributes.dataset).toMatchObject({ Xname: null, features: ['a.b', '$c'] });
    expect(await run(predictTask, ['species', X])).toHaveLength(2);
  });

  it('may bring other columns than the last fit, also without names', async () => {
    await fitSpecies();
    await om.datasets.put(new NdArray('float64', new Float64Array([1, 2, 3])), 'array', { append: false });
    await run(fitTask, ['species', 'array'], { Yname: ['cat', 'dog', 'dog'] });
    expect(await run(predictTask, ['species', 'array'])).toHaveLength(3);
  });

  it('works in the bucket that the message names', async () => {
    const other = om.bucket('other-bucket');
    await other.datasets.put(penguins(9), 'few', { append: false });
    await other.models.put(new RandomForestClassifier({ nEstimators: 2 }), 'species');
    const text = await run(fitTask, ['species', 'few[bill]', 'few[species]'], { __bucket: 'other-bucket' });
    expect(text).toContain('bucket=other-bucket');
  });
});

describe('omega_predict', () => {
  it('answers with a label per row', async () => {
    await fitSpecies();
    const labels = (await run(predictTask, ['species', 'penguins[bill,island]'])) as string[];
    expect(labels.slice(0, 4)).toEqual(['Adelie', 'Gentoo', 'Chinstrap', 'Adelie']);
  });

  it('takes rows by value, by position or by name', async () => {
    await fitSpecies();
    expect(await run(predictTask, ['species', [[10.2, 'Dream']]])).toEqual(['Gentoo']);
    expect(await run(predictTask, ['species', { island: 'Dream', bill: 20.1 }])).toEqual(['Chinstrap']);
  });

  it('stores the prediction under rName, once for one task', async () => {
    await fitSpecies();
    const predict = () =>
      run(predictTask, ['species', 'penguins[bill,island]'], { rName: 'predicted' }, { taskId: 'one' });
    expect(await predict()).toMatch(/^<Metadata: Metadata\(name=predicted,.*kind=pandas.dfrows/);
    await predict();
    const stored = (await om.datasets.get('predicted')) as DataFrame;
    expect(stored.columnNames).toEqual(['species']);
    expect(stored.rowCount).toBe(60);
  });
});

describe('omega_predict_proba', () => {
  it('answers with a row of probabilities per row, which sum to 1', async () => {
    await fitSpecies();
    const rows = (await run(predictProbaTask, ['species', [[0.1, 'Biscoe']]])) as number[][];
    expect(rows).toHaveLength(1);
    expect(rows[0]).toHaveLength(3);
    expect(rows[0]?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('is refused for a regression', async () => {
    await run(fitTask, ['mass', 'penguins[bill]'], { Yname: 'penguins[mass]' });
    await expect(run(predictProbaTask, ['mass', 'penguins[bill]'])).rejects.toThrow(OperationNotSupported);
  });
});

describe('omega_score', () => {
  it('answers with one number', async () => {
    await fitSpecies();
    const kwargs = { Yname: 'penguins[species]', rName: null };
    expect(await run(scoreTask, ['species', 'penguins[bill,island]'], kwargs)).toBe(1);
  });

  it('takes labels by value', async () => {
    await fitSpecies();
    const X = [
      [0.1, 'Biscoe'],
      [10.1, 'Dream'],
    ];
    expect(await run(scoreTask, ['species', X], { Yname: ['Adelie', 'Adelie'] })).toBe(0.5);
  });
});

describe('bad input', () => {
  it('names a dataset that is not there', async () => {
    await fitSpecies();
    const call = run(predictTask, ['species', 'penguin[bill]']);
    await expect(call).rejects.toThrow(DatasetNotFound);
    await expect(call).rejects.toThrow("there is no 'penguin'");
  });

  it('names a model that is not there', async () => {
    await expect(run(predictTask, ['specie', 'penguins'])).rejects.toThrow(ModelNotFound);
  });

  it('names a model that is not fitted, and says how to fit it', async () => {
    const call = run(predictTask, ['unfitted', 'penguins']);
    await expect(call).rejects.toThrow(NotFitted);
    await expect(call).rejects.toThrow(
      "model 'unfitted' is not fitted: call om.runtime.model('unfitted').fit",
    );
  });

  it('names the columns that a model lacks and those that it does not know', async () => {
    await fitSpecies();
    const call = run(predictTask, ['species', 'penguins[bill,mass]']);
    await expect(call).rejects.toThrow(InvalidData);
    await expect(call).rejects.toThrow('X lacks island and has mass, unknown to the model');
  });

  it('says when labels are missing', async () => {
    await expect(run(fitTask, ['species', 'penguins'])).rejects.toThrow('labels missing');
  });

  it('says when X and y differ in length', async () => {
    const call = run(fitTask, ['species', 'penguins[bill]'], { Yname: ['Adelie'] });
    await expect(call).rejects.toThrow(InvalidData);
  });

  it('says when a dataset has no rows', async () => {
    const call = run(fitTask, ['species', []], { Yname: [] });
    await expect(call).rejects.toThrow(InvalidData);
  });

  it('says what a JSON client has lost', async () => {
    await fitSpecies();
    const call = run(predictTask, ['species', './system/passthrough/6d41']);
    await expect(call).rejects.toThrow('OMEGA_PASSTHROUGH_MAX_SIZE=0');
  });

  it.each([[['species']], [[3, 'penguins']], [['species', 'penguins', 7]]])(
    'refuses the arguments %j',
    async (args) => {
      await expect(run(predictTask, args)).rejects.toThrow(InvalidTaskError);
    },
  );

  it('says that a file is no table', async () => {
    await om.datasets.put(Buffer.from('text'), 'notes', { append: false });
    await expect(run(predictTask, ['mass', 'notes'])).rejects.toThrow(
      "dataset 'notes' is a file, not a table",
    );
  });

  it('says that a file is no model', async () => {
    await om.models.put(Buffer.from('text'), 'notes');
    const call = run(predictTask, ['notes', 'penguins']);
    await expect(call).rejects.toThrow("model 'notes' (file) cannot predict");
  });
});
