import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { InvalidName, KindNotSupported, ModelNotFound, OperationalError } from '../../src/errors.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { createModelBackends } from '../../src/models/backends.ts';
import type { ModelBackend } from '../../src/models/model-backend.ts';
import { createModels, type Models } from '../../src/models/models.ts';
import { versionsOf } from '../../src/models/version-name.ts';
import type { ObjectId } from '../../src/mongo/bson.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createFileStore } from '../../src/store/gridfs.ts';
import type { MetadataDocument } from '../../src/store/metadata.ts';
import { useProxy } from '../support/broker-harness.ts';
import { inlineThreads } from '../support/inline-threads.ts';
import { mongoUrl } from '../support/services.ts';

/** A backend as a user would register it. */
const numberBackend: ModelBackend<number> = {
  name: 'number',
  supports: (value) => typeof value === 'number',
  fromValue: Number,
  toValue: (model) => model,
  recognizes: ({ kindMeta }) => kindMeta.number === true,
  unpack: ({ bytes }) => Number(Buffer.from(bytes).toString()),
  pack: (model) => ({ bytes: Buffer.from(String(model)), kindMeta: { number: true } }),
  isFitted: () => true,
  features: () => null,
};

let mongo: Mongo;
let models: Models;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('model_versions'));
});

beforeEach(() => {
  models = modelsOf(`bucket-${randomUUID()}`);
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function modelsOf(bucket: string): Models {
  return createModels(mongo, { bucket, backends: createModelBackends([numberBackend]) });
}

function documents() {
  return mongo.db.collection<MetadataDocument>('metadata');
}

/** Every GridFS file of the bucket, referred to by metadata or not. */
async function countFiles(bucket: string): Promise<number> {
  return mongo.db.collection(`omegaml_${bucket}.files`).countDocuments();
}

async function contentOf(bucket: string, gridfile: ObjectId | undefined): Promise<string> {
  if (!gridfile) throw new Error('no file');
  return (await createFileStore(mongo.db, bucket).read(gridfile)).toString();
}

describe('versions of a model', () => {
  it('are the latest by default, and others by tag, commit and distance', async () => {
    await models.put(1, 'm', { tag: 'first' });
    await models.put(2, 'm');
    const { attributes } = await models.put(3, 'm');
    const commit = versionsOf(attributes)?.commits[1]?.ref;
    const names = ['m', 'm@latest', 'm@first', `m@${commit}`, 'm^', 'm^^'];
    expect(await Promise.all(names.map((name) => models.get(name)))).toEqual([3, 3, 1, 2, 2, 1]);
  });

  it('are listed in the metadata as omega|ml lists them', async () => {
    await models.put(1, 'm');
    const { attributes } = await models.put(2, 'm', { tag: 'v2' });
    const versions = versionsOf(attributes);
    const [first, second] = versions?.commits.map(({ ref }) => ref) ?? [];
    expect(versions).toEqual({
      tags: { latest: second, v2: second },
      commits: [first, second].map((ref) => ({ name: `_versions/m/${ref}`, ref })),
      tree: { [String(first)]: null, [String(second)]: first },
    });
    expect(first).toMatch(/^[0-9a-f]{40}$/);
  });

  it('are python.file objects whose latest bytes also lie at the model itself', async () => {
    const { bucket, gridfile } = await models.put(7, 'm');
    const stored = await documents().find({ bucket }).toArray();
    expect(stored.map(({ kind }) => kind)).toEqual(['python.file', 'python.file']);
    expect(new Set(stored.map((document) => String(document.gridfile))).size).toBe(2);
    expect(await contentOf(bucket, gridfile)).toBe('7');
  });

  it('are hidden in the list', async () => {
    await models.put(1, 'm');
    await models.put(1, 'group/n');
    expect(await models.list()).toEqual(['group/n', 'm']);
  });

  it('keep what others have written into the attributes', async () => {
    const { id } = await models.put(1, 'm');
    await documents().updateOne({ _id: id }, { $set: { 'attributes.require': { label: 'node' } } });
    const { attributes } = await models.put(2, 'm');
    expect(attributes.require).toEqual({ label: 'node' });
  });

  it('are all removed with the model, and their files with them', async () => {
    const { bucket } = await models.put(1, 'm');
    await models.put(2, 'm');
    expect(await models.drop('m')).toBe(true);
    expect(await documents().countDocuments({ bucket })).toBe(0);
    expect(await countFiles(bucket)).toBe(0);
  });

  it('are all removed with the model, also one that is put while the drop is under way', async () => {
    const { bucket } = await models.put(1, 'm');
    const proxy = await useProxy(mongoUrl('model_versions'));
    const options = { appName: 'slow', monitorCommands: true };
    const slow = await connectMongo(proxy.url(mongoUrl('model_versions')), options);
    onTestFinished(() => slow.close());
    let put: Promise<unknown> | undefined;
    slow.client.on('commandSucceeded', ({ commandName }) => {
      // The first write of the drop removes the version that it knows of: the next one comes much later.
      if (put || !['delete', 'findAndModify'].includes(commandName)) return;
      proxy.delay(1_500);
      put = models.put(2, 'm').finally(() => proxy.delay(0));
    });
    expect(await createModels(slow, { bucket }).drop('m')).toBe(true);
    await put;
    expect(await documents().countDocuments({ bucket })).toBe(0);
    expect(await countFiles(bucket)).toBe(0);
  });

  it('are found by the next drop when one has failed in between', async () => {
    const { bucket } = await models.put(1, 'm');
    await models.put(2, 'm');
    const files = `omegaml_${bucket}.files`;
    await mongo.db.renameCollection(files, 'away');
    await mongo.db.createCollection(files, { viewOn: 'away' });
    await expect(models.drop('m')).rejects.toThrow(/view/);
    await mongo.db.dropCollection(files);
    await mongo.db.renameCollection('away', files);
    expect(await models.drop('m')).toBe(true);
    expect(await documents().countDocuments({ bucket })).toBe(0);
  });

  it('keep a file each, and one for the model', async () => {
    const { bucket } = await models.put(1, 'm');
    await models.put(2, 'm');
    expect(await countFiles(bucket)).toBe(3);
  });

  it('are all kept when several workers put at the same time', async () => {
    await Promise.all([1, 2, 3, 4, 5, 6].map((value) => models.put(value, 'm')));
    const { attributes, bucket } = await models.metadata('m');
    expect(versionsOf(attributes)?.commits).toHaveLength(6);
    expect(await countFiles(bucket)).toBe(7);
  });
});

describe('a put under a task id', () => {
  it('changes nothing the second time', async () => {
    const first = await models.put(1, 'm', { taskId: 'task' });
    const second = await models.put(2, 'm', { taskId: 'task' });
    expect(second).toEqual(first);
    expect(await models.get('m')).toBe(1);
  });

  it('is one version when two workers race, and leaves no file of the loser', async () => {
    const puts = [1, 2, 3].map((value) => models.put(value, 'm', { taskId: 'task' }));
    const metadata = await Promise.all(puts);
    const [{ attributes, bucket }] = metadata as [Awaited<(typeof puts)[0]>];
    expect(versionsOf(attributes)?.commits).toHaveLength(1);
    expect(await countFiles(bucket)).toBe(2);
  });

  it('is finished by a second worker when the first died between copy and model', async () => {
    const { bucket, id } = await models.put(1, 'm', { taskId: 'task' });
    await documents().deleteOne({ _id: id });
    const { gridfile } = await models.put(2, 'm', { taskId: 'task' });
    expect(await models.get('m')).toBe(1);
    expect(await contentOf(bucket, gridfile)).toBe('1');
    expect(await documents().countDocuments({ bucket })).toBe(2);
  });
});

describe('a fit of more rows', () => {
  /** Opens a number to which a fit adds one. @param meanwhile what happens while it does. */
  async function openCounter(bucket: string, meanwhile = async () => {}, name = 'm') {
    const counter: ModelBackend<number> = {
      ...numberBackend,
      async partialFit(model) {
        await meanwhile();
        return model + 1;
      },
    };
    const opened = await createModels(mongo, { bucket, backends: createModelBackends([counter]) }).open(name);
    const frame = DataFrame.fromObject({ x: [1] });
    const trainingSet = { Xname: null, Yname: null, Xmeta: null, Ymeta: null };
    return (taskId: string = randomUUID()) =>
      opened.partialFit(frame, frame, { threads: inlineThreads() }, { trainingSet, taskId });
  }

  it('learns from the version that has come meanwhile, and leaves nothing of its first try', async () => {
    const { bucket } = await models.put(1, 'm');
    const others = [10, 20];
    const learn = await openCounter(bucket, async () => {
      const other = others.shift();
      if (other !== undefined) await models.put(other, 'm');
    });
    const { attributes } = await learn();
    expect(await Promise.all(['m', 'm^', 'm^^'].map((name) => models.get(name)))).toEqual([21, 20, 10]);
    expect(versionsOf(attributes)?.commits).toHaveLength(4);
    expect(await documents().countDocuments({ bucket })).toBe(5);
    expect(await countFiles(bucket)).toBe(5);
  });

  it('of one task is one version, also when two workers begin with different ones', async () => {
    const { bucket } = await models.put(1, 'm');
    const first = await openCounter(bucket);
    await models.put(10, 'm');
    const second = await openCounter(bucket);
    const stored = await second('task');
    expect(await first('task')).toEqual(stored);
    expect(await (await openCounter(bucket))('task')).toEqual(stored);
    expect(await models.get('m')).toBe(11);
    expect(await documents().countDocuments({ bucket })).toBe(4);
  });

  it('of many tasks at the same time learns the rows of all', async () => {
    const { bucket } = await models.put(0, 'm');
    const fits = await Promise.all(Array.from({ length: 5 }, () => openCounter(bucket)));
    await Promise.all(fits.map((learn) => learn()));
    expect(await models.get('m')).toBe(5);
    expect(await countFiles(bucket)).toBe(7);
  });

  it('does so for a model without versions', async () => {
    const { id, bucket } = await models.put(1, 'm');
    await documents().updateOne({ _id: id }, { $set: { attributes: {} } });
    const fits = await Promise.all([1, 2].map(() => openCounter(bucket)));
    for (const learn of fits) await learn();
    expect(await models.get('m')).toBe(3);
  });

  it('of an earlier version is based on that one, whatever has come since', async () => {
    const { bucket } = await models.put(1, 'm', { tag: 'first' });
    await models.put(10, 'm');
    await (await openCounter(bucket, undefined, 'm@first'))();
    expect(await models.get('m')).toBe(2);
  });

  it('is given up when others are faster all the time', async () => {
    const { bucket } = await models.put(1, 'm');
    const learn = await openCounter(bucket, async () => void (await models.put(10, 'm')));
    await expect(learn()).rejects.toThrow(OperationalError);
    await expect(learn()).rejects.toThrow("model 'm' is being fitted by others all the time");
  });
});

describe('files of attempts at a task that died', () => {
  it('go when a later attempt has stored the version', async () => {
    const { bucket } = await models.put(1, 'm', { taskId: 'task' });
    await documents().deleteMany({ bucket });
    await models.put(2, 'm', { taskId: 'task' });
    expect(await models.get('m')).toBe(2);
    expect(await countFiles(bucket)).toBe(2);
  });
});

describe('a model that is not there', () => {
  it('is a ModelNotFound that names it', async () => {
    await models.put(1, 'sales');
    await expect(models.get('sale')).rejects.toThrow(ModelNotFound);
    await expect(models.get('sale')).rejects.toThrow('did you mean sales?');
  });

  it('is a ModelNotFound that names the tags when only the version is missing', async () => {
    await models.put(1, 'm');
    await expect(models.get('m@v9')).rejects.toThrow("model 'm' has no version 'v9'");
  });

  it('can be dropped with force only', async () => {
    await expect(models.drop('m')).rejects.toThrow(ModelNotFound);
    expect(await models.drop('m', { force: true })).toBe(false);
  });
});

describe('a name with brackets after the name of a model', () => {
  it.each(['m[1]', 'm[1]@latest', 'm[1]^'])('does not read that model: %s', async (name) => {
    await models.put(1, 'm');
    await models.put(2, 'm');
    await expect(models.get(name)).rejects.toThrow(InvalidName);
    await expect(models.metadata(name)).rejects.toThrow(InvalidName);
    expect(await models.exists(name)).toBe(false);
  });

  it.each([true, false])('does not drop that model or its versions, with force %s', async (force) => {
    const { bucket } = await models.put(1, 'm');
    await models.put(2, 'm');
    await expect(models.drop('m[1]', { force })).rejects.toThrow(InvalidName);
    expect(await Promise.all(['m', 'm^'].map((name) => models.get(name)))).toEqual([2, 1]);
    expect(await countFiles(bucket)).toBe(3);
  });
});

describe('what a model cannot be', () => {
  it('is stored under the name of a version', async () => {
    await expect(models.put(1, 'm@v1')).rejects.toThrow(InvalidName);
  });

  it('is named as a selection of columns is', async () => {
    await expect(models.put(1, 'm[1]')).rejects.toThrow(InvalidName);
    await expect(models.put(1, 'm[1]')).rejects.toThrow("'m[1]' selects columns, which only datasets have");
  });

  it.each(['v1.0', 'a@b', '', '$x'])('is tagged %j', async (tag) => {
    await expect(models.put(1, 'm', { tag })).rejects.toThrow(InvalidName);
  });

  it('is a value that no backend knows', async () => {
    await expect(models.put(new Map(), 'm')).rejects.toThrow(KindNotSupported);
    await expect(models.put(new Map(), 'm')).rejects.toThrow('a value of class Map');
  });
});

describe('models of others', () => {
  it('that have no versions can be read', async () => {
    const { id } = await models.put(5, 'm');
    await documents().updateOne({ _id: id }, { $set: { attributes: {} } });
    expect(await models.get('m')).toBe(5);
  });

  it('that only Python can read say so', async () => {
    const { bucket, id } = await models.put(5, 'm');
    await documents().updateOne({ _id: id }, { $set: { kind: 'sklearn.joblib', attributes: {} } });
    await expect(modelsOf(bucket).get('m')).rejects.toThrow(
      'stored as sklearn.joblib, which only Python can read',
    );
  });
});

it('a file that is no model is given back as it was', async () => {
  await models.put(Buffer.from('text'), 'notes.txt');
  expect(await models.get('notes.txt')).toEqual(Buffer.from('text'));
});
