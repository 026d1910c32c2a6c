/**
 * Results that are too large for a MongoDB document and for a message: they lie in GridFS, and a typed reference
 * takes their place. A client that does not know references gets something it can understand: in a document a dict
 * that says where the value is, in a reply an exception that says so.
 */
import type { ErrorRecord, JsonText } from '../contract/job.ts';
import { type Fields, isFields } from './fields.ts';

/** GridFS bucket of the values. */
export const LARGE_RESULT_BUCKET = 'celery_results';

/** Name of the field that marks a document or a reply as one with a reference. */
export const LARGE_RESULT_FIELD = 'omega_large';

/** Where the value lies. */
export interface LargeResult {
  /** Id of the file, in hexadecimal. */
  readonly file: string;
  /** Size of its JSON text. */
  readonly bytes: number;
  /** The state that the value belongs to. */
  readonly state: string;
}

/** What a document holds as its `result`. */
export function largeResultText({ file, bytes }: LargeResult): JsonText {
  const place = { bucket: LARGE_RESULT_BUCKET, file, bytes, content_type: 'application/json' };
  return JSON.stringify({ [LARGE_RESULT_FIELD]: place }) as JsonText;
}

/** What a reply shows to clients that do not know references. */
export function largeResultError(taskId: string, { file, bytes }: LargeResult): ErrorRecord {
  const message =
    `the result of task ${taskId} has ${bytes} bytes, more than a message carries: ` +
    `read the file ${file} of the GridFS bucket ${LARGE_RESULT_BUCKET}, or return the name of a dataset instead`;
  return { excType: 'RuntimeError', excModule: 'builtins', excMessage: [message], traceback: null };
}

/** The reference in a document or reply; undefined where there is none. */
export function readLargeResult(fields: Fields): LargeResult | undefined {
  const large = fields[LARGE_RESULT_FIELD];
  if (!isFields(large)) return undefined;
  const { file, bytes, state } = large;
  const isReference =
    typeof file === 'string' &&
    /^[0-9a-f]{24}$/.test(file) &&
    typeof bytes === 'number' &&
    typeof state === 'string';
  return isReference ? { file, bytes, state } : undefined;
}
