import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentOf, type TaskMeta } from '../../src/backend/task-document.ts';
import { writeResults } from '../../src/backend/write-results.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import { ResultRefused } from '../../src/errors.ts';
import type { Collection } from '../../src/mongo/bson.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { progressResult, successResult, type TaskResult } from '../../src/protocol/result.ts';
import { JSON_RESULTS } from '../../src/protocol/result-content.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;
let tasks: Collection<TaskMeta>;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('write_results'));
  tasks = mongo.db.collection<TaskMeta>('celery_taskmeta');
});

afterAll(() => mongo.close());

const address = () => ({
  ...{ groupId: null, parentId: null, replyTo: null, correlationId: '' },
  taskId: randomUUID() as TaskId,
});

function success(value: number, to = address()): TaskResult {
  return successResult(to, String(value) as JsonText);
}

function write(results: readonly TaskResult[], collection = tasks): Promise<readonly unknown[]> {
  return writeResults(
    collection,
    results.map((result) => documentOf(result, JSON_RESULTS)),
  );
}

async function stored(results: readonly TaskResult[]): Promise<unknown[]> {
  const found = await Promise.all(results.map(({ taskId }) => tasks.findOne({ _id: taskId })));
  return found.map((meta) => meta && `${meta.status} ${meta.result}`);
}

test('the results of many tasks are written together', async () => {
  const results = Array.from({ length: 500 }, (_, value) => success(value));
  expect(await write(results)).toEqual(Array(500).fill(null));
  expect(await stored(results)).toEqual(results.map(({ result }) => `SUCCESS ${result}`));
});

test('a state that is not final is replaced by the next one', async () => {
  const to = address();
  await write([progressResult(to, 'PROGRESS', { current: 1 })]);
  const end = success(7, to);
  expect(await write([end])).toEqual([null]);
  expect(await stored([end])).toEqual(['SUCCESS 7']);
});

test('the first terminal state stays, and a later one is no error', async () => {
  const to = address();
  const [first, later] = [success(1, to), success(2, to)];
  await write([first]);
  expect(await write([later, progressResult(to, 'PROGRESS', 1)])).toEqual([null, null]);
  expect(await stored([first])).toEqual(['SUCCESS 1']);
});

test('of two writers at once one wins, whole, and both are done', async () => {
  const ids = Array.from({ length: 100 }, address);
  const [ones, twos] = [ids.map((to) => success(1, to)), ids.map((to) => success(2, to))];
  const written = await Promise.all([write(ones), write(twos)]);
  expect(written.flat()).toEqual(Array(200).fill(null));
  for (const text of await stored(ones)) expect(text).toMatch(/^SUCCESS [12]$/);
});

test('what the server refuses is the error of that result alone', async () => {
  const name = `ruled_${randomUUID().slice(0, 8)}`;
  await mongo.db.createCollection(name, { validator: { result: { $ne: '13' } } });
  const ruled = mongo.db.collection<TaskMeta>(name);
  const errors = await write([success(12), success(13), success(14)], ruled);
  expect(errors).toEqual([null, expect.any(ResultRefused), null]);
  expect(String(errors[1])).toMatch(/refused by MongoDB \(error 121\).*rules of the collection/);
  expect(await ruled.countDocuments()).toBe(2);
});

test.each([
  ['is nested deeper than MongoDB stores', () => nested(190)],
  ['is nested deeper than MongoDB reads', () => nested(400)],
  ['is larger than a document may be', () => Array.from({ length: 17 }, () => 'x'.repeat(2 ** 20))],
])('a result that %s is refused alone, and those written with it are stored', async (_, children) => {
  const results = Array.from({ length: 9 }, (_, value) => success(value));
  const documents = results.map((result) => documentOf(result, JSON_RESULTS));
  const impossible = { ...documentOf(success(9), JSON_RESULTS), children: children() };
  const errors = await writeResults(tasks, documents.toSpliced(5, 0, impossible));
  expect(errors).toEqual(Array(9).fill(null).toSpliced(5, 0, expect.any(ResultRefused)));
  expect(String(errors[5])).toMatch(/refused by MongoDB.*16 MB and 180 levels/);
  expect(await stored(results)).toEqual(results.map(({ result }) => `SUCCESS ${result}`));
});

function nested(levels: number): readonly unknown[] {
  return levels === 0 ? [] : [nested(levels - 1)];
}
