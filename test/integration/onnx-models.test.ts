import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptObject, InvalidData, OperationNotSupported } from '../../src/errors.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { BuiltinTask, Stores } from '../../src/tasks/builtin-task.ts';
import { fitTask, predictProbaTask, predictTask, scoreTask } from '../../src/tasks/model-tasks.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

interface Expected {
  readonly X: number[][];
  readonly predict: string[];
  readonly predictProba: number[][];
}

const { 'logistic-strings': expected } = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Record<
  string,
  Expected
>;
const { X, predict, predictProba } = expected as Expected;

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('onnx_models'));
  om = freshStores(mongo);
  await om.models.put(fixture('logistic-strings.onnx'), 'iris');
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/onnx/${name}`, import.meta.url));
}

function run(task: BuiltinTask, args: readonly unknown[]): Promise<unknown> {
  return task.run(args, { pure_python: true, __bucket: null }, taskContext(om));
}

describe('an ONNX file', () => {
  it('is stored as Python stores a file', async () => {
    const { kind, kindMeta, uri } = await om.models.metadata('iris');
    expect({ kind, kindMeta, uri }).toEqual({ kind: 'python.file', kindMeta: {}, uri: '' });
    expect(await om.models.get('iris')).toEqual(readFileSync(fixture('logistic-strings.onnx')));
  });

  it('predicts the labels that scikit-learn predicts', async () => {
    expect(await run(predictTask, ['iris', X])).toEqual(predict);
  });

  it('predicts the probabilities that scikit-learn predicts', async () => {
    const rows = (await run(predictProbaTask, ['iris', X])) as number[][];
    expect(rows).toEqual(predictProba.map((shares) => shares.map((share) => expect.closeTo(share, 5))));
  });

  it('scores', async () => {
    expect(await run(scoreTask, ['iris', X, predict])).toBe(1);
  });

  it('is recognized without .onnx in its name and without versions, as other writers may store it', async () => {
    await om.models.put(readFileSync(fixture('logistic-strings.onnx')), 'foreign');
    const { id } = await om.models.metadata('foreign');
    await mongo.db.collection('metadata').updateOne({ _id: id }, { $set: { attributes: {} } });
    expect(await run(predictTask, ['foreign', X])).toEqual(predict);
  });

  it('cannot be fitted here', async () => {
    const call = run(fitTask, ['iris', X, predict]);
    await expect(call).rejects.toThrow(OperationNotSupported);
    await expect(call).rejects.toThrow("model 'iris' (onnx) cannot fit");
  });

  it('that is damaged is named', async () => {
    const bytes = readFileSync(fixture('logistic-strings.onnx')).subarray(0, 300);
    await om.models.put(bytes, 'damaged');
    const call = run(predictTask, ['damaged', X]);
    await expect(call).rejects.toThrow(CorruptObject);
    await expect(call).rejects.toThrow("model 'damaged' cannot be loaded");
  });

  it('that is not there is named', async () => {
    const call = om.models.put('/no/such/model.onnx', 'm');
    await expect(call).rejects.toThrow(InvalidData);
    await expect(call).rejects.toThrow("'/no/such/model.onnx'");
  });

  it('says how many columns it expects', async () => {
    await expect(run(predictTask, ['iris', [[1, 2, 3]]])).rejects.toThrow('the ONNX model expects 4');
  });
});
