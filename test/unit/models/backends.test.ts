import { readFileSync } from 'node:fs';
import { RandomForestClassifier } from 'ml-random-forest';
import { describe, expect, it } from 'vitest';
import { CorruptObject, KindNotSupported } from '../../../src/errors.ts';
import { createModelBackends } from '../../../src/models/backends.ts';
import { estimatorBackend } from '../../../src/models/estimator-backend.ts';
import { fileBackend } from '../../../src/models/file-backend.ts';
import type { StoredModel } from '../../../src/models/model-backend.ts';

/** As recorded: what `om.models.put('onnxfile.onnx', 'onnxfile')` stored in Python, cut to its first bytes. */
const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/omegaml/mongo-omegaml-models-onnxfile.json', import.meta.url), 'utf8'),
);
const ONNX = Buffer.from(recorded.gridfs_chunk0.data.head_hex, 'hex');

function stored(changes: Partial<StoredModel> = {}): StoredModel {
  return { name: 'm', bytes: Buffer.from('text'), kindMeta: {}, ...changes };
}

describe('the backend of a value', () => {
  it.each([
    ['estimator', 'an instance', new RandomForestClassifier({ nEstimators: 3 })],
    ['estimator', 'a class', RandomForestClassifier],
    ['onnx', 'a path of an ONNX file', '/models/m.onnx'],
    ['onnx', 'the bytes of an ONNX file', ONNX],
    ['file', 'another path', '/models/m.txt'],
    ['file', 'other bytes', Buffer.from('text')],
  ])('is %s for %s', (name, _, value) => {
    expect(createModelBackends().forValue(value).name).toBe(name);
  });

  it.each([[{}], [null], [3], [new Map()]])('is missing for %o', (value) => {
    expect(() => createModelBackends().forValue(value)).toThrow(KindNotSupported);
  });
});

describe('the backend of what is stored', () => {
  it.each([
    ['estimator', { kindMeta: { estimator: { name: 'RandomForestClassifier', format: 1 } } }],
    ['onnx', { bytes: ONNX }],
    ['onnx', { name: 'broken.onnx' }],
    ['file', {}],
  ])('is %s for %o', (name, changes) => {
    expect(createModelBackends().forStored(stored(changes)).name).toBe(name);
  });
});

describe('a registered backend', () => {
  const own = { ...fileBackend, name: 'own' };

  it('is asked before the built-in ones', () => {
    const backends = createModelBackends([own]);
    expect(backends.forStored(stored()).name).toBe('own');
  });

  it('is replaced by a later one of the same name', () => {
    const backends = createModelBackends([own]);
    backends.register({ ...own, recognizes: () => false });
    expect(backends.forStored(stored()).name).toBe('file');
  });
});

describe('an estimator', () => {
  it('keeps its options until the first fit', async () => {
    const model = await estimatorBackend.fromValue(new RandomForestClassifier({ nEstimators: 7 }));
    const packed = estimatorBackend.pack(model);
    expect(packed.kindMeta).toEqual({
      estimator: { name: 'RandomForestClassifier', format: 1, fitted: false },
    });
    const read = await estimatorBackend.unpack({ name: 'm', ...packed });
    expect(read.options).toMatchObject({ nEstimators: 7 });
    expect(estimatorBackend.isFitted(read)).toBe(false);
  });

  it('of a later version says that it cannot be read here', () => {
    const kindMeta = { estimator: { name: 'RandomForestClassifier', format: 2, fitted: true } };
    expect(() => estimatorBackend.unpack(stored({ kindMeta }))).toThrow(KindNotSupported);
  });

  it.each([
    ['options', false],
    ['state', true],
  ])('with a damaged %s is corrupt', (_, fitted) => {
    const kindMeta = { estimator: { name: 'RandomForestClassifier', format: 1, fitted } };
    expect(() => estimatorBackend.unpack(stored({ kindMeta }))).toThrow(CorruptObject);
  });
});
