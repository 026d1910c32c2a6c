/** Values that are too large for a document or a message, in GridFS (see protocol/large-result.ts). */
import { CorruptObject } from '../errors.ts';
import type { Mongo } from '../mongo/client.ts';
import { type Files, openFiles } from '../mongo/files.ts';
import { parseJson } from '../protocol/json.ts';
import { LARGE_RESULT_BUCKET } from '../protocol/large-result.ts';
import { assertResultSize, MAX_RESULT_BYTES, type ResultMeta, type TaskResult } from '../protocol/result.ts';
import { reaching } from './reaching.ts';

export interface LargeResults {
  /**
   * Puts the value of a result that is not inline into a file, and answers with the result as it is stored and sent:
   * with the reference. The file of a result that is not stored in the end goes with the expiry.
   *
   * @throws MessageTooLarge if no file takes it, OperationalError if MongoDB cannot be reached.
   */
  park(result: TaskResult): Promise<TaskResult>;
  /** The result with its value. @throws CorruptObject if that is gone, OperationalError if MongoDB cannot be reached. */
  resolve(meta: ResultMeta): Promise<ResultMeta>;
  /** Removes the values of a task. */
  remove(taskId: string): Promise<void>;
  /** Removes what was parked before. */
  removeOlder(than: Date): Promise<void>;
}

export function openLargeResults(mongo: Mongo): LargeResults {
  const files = openFiles(mongo, LARGE_RESULT_BUCKET);
  return {
    async park(result) {
      assertResultSize(result);
      const bytes = Buffer.from(result.result);
      const file = await reaching(() => files.write(result.taskId, bytes));
      return { ...result, large: { file, bytes: bytes.length, state: result.state } };
    },
    resolve: async (meta) =>
      meta.large === undefined ? meta : { ...meta, result: await readValue(files, meta, meta.large.file) },
    remove: (taskId) => reaching(() => files.removeNamed(taskId)),
    removeOlder: (than) => reaching(() => files.removeOlder(than)),
  };
}

async function readValue(files: Files, { taskId }: ResultMeta, file: string): Promise<unknown> {
  const bytes = await reaching(() => files.read(file, MAX_RESULT_BYTES));
  if (bytes !== null) return parseJson(bytes.toString('utf8'));
  throw new CorruptObject(
    `the large result of task ${taskId} is not there any more: file ${file} of the GridFS bucket ${LARGE_RESULT_BUCKET} has expired; run the task again`,
  );
}
