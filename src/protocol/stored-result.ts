/** Results, values and parts of chords in any serializer, as replies carry them and as result backends keep them. */
import type { JsonText } from '../contract/job.ts';
import type { MessageProperties, Reply } from '../contract/transport.ts';
import { EncodeError } from '../errors.ts';
import { inflate } from './compression.ts';
import { exceptionText, recordFromResult } from './exception.ts';
import { isFields } from './fields.ts';
import { parseJson, parsePlainJson } from './json.ts';
import { exceptionOf } from './pickled-exception.ts';
import { pythonRepr } from './repr.ts';
import { decodeResult, encodeResult, type ResultMeta, type TaskResult } from './result.ts';
import {
  type ResultContent,
  readMessage,
  readStored,
  type Stored,
  writeForeign,
  writeStored,
} from './result-content.ts';
import { JSON_CONTENT } from './serializers.ts';
import { isException } from './states.ts';

/** The state of a task, and the JSON text that belongs to it. */
interface StateValue {
  readonly state: string;
  readonly result: JsonText;
}

/** The body of a message to the reply queue, and what the message says of it. @throws EncodeError */
export function writeReply(
  result: TaskResult,
  { serializer }: ResultContent,
): {
  readonly body: Buffer;
  readonly properties: Pick<MessageProperties, 'contentType' | 'contentEncoding'>;
} {
  if (serializer === 'json') return { body: Buffer.from(encodeResult(result)), properties: JSON_CONTENT };
  return writeWhole(result, (text) => writeForeign(text, serializer));
}

/** @throws ProtocolError for what is no result, or not accepted; ContentDisallowed for an unknown compression. */
export function readReply({ body, contentType, headers }: Reply, content: ResultContent): ResultMeta {
  const reading = { content, where: 'a reply', settle: settleResult };
  const bytes = headers.compression ? inflate(body, headers.compression) : body;
  return decodeResult(readMessage(bytes, contentType ?? JSON_CONTENT.contentType, reading));
}

/** The value of a key in Redis. @throws EncodeError */
export function writeStoredResult(result: TaskResult, content: ResultContent): Stored {
  return writeWhole(result, (text) => writeStored(text, content));
}

/** @throws ProtocolError for what is no result, or not accepted. */
export function readStoredResult(
  stored: Buffer,
  content: ResultContent,
  where = 'a stored result',
): ResultMeta {
  return decodeResult(readStored(stored, { content, where, settle: settleResult }), where);
}

/** As {@link readStoredResult}, as plain JSON: its value is only passed on. */
export function readStoredPlain(stored: Buffer, content: ResultContent, where: string): unknown {
  return parsePlainJson(readStored(stored, { content, where, settle: settleResult }));
}

/** The field `result` of a document in MongoDB. @throws EncodeError */
export function writeStoredValue({ state, result }: StateValue, content: ResultContent): Stored {
  return writeValue({ state, result }, (value) => writeStored(value, content));
}

/** @throws ProtocolError for what is not accepted, or is none. */
export function readStoredValue(
  stored: Stored,
  { taskId, state }: Pick<ResultMeta, 'taskId' | 'state'>,
  content: ResultContent,
): unknown {
  const settle = isException(state) ? exceptionOf : (value: unknown) => value;
  return parseJson(readStored(stored, { content, where: `the result of task ${taskId}`, settle }));
}

/** A part of a chord in Redis: `[1, task id, state, value]`. @throws EncodeError */
export function writeStoredPart(
  part: StateValue & { readonly taskId: string },
  content: ResultContent,
): Stored {
  const head = `1, ${JSON.stringify(part.taskId)}, ${JSON.stringify(part.state)}`;
  return writeValue(part, (value) => writeStored(`[${head}, ${value}]` as JsonText, content));
}

/** As plain JSON: its value is only passed on. @throws ProtocolError for what is not accepted. */
export function readStoredPart(stored: Buffer, content: ResultContent): unknown {
  return parsePlainJson(readStored(stored, { content, where: 'a part of a chord', settle: settlePart }));
}

/** A copy of the result is only made where it must be: it costs more than all else. */
function writeWhole<Written>(result: TaskResult, write: (text: JsonText) => Written): Written {
  return writeValue(result, (value, isRepr) =>
    write(encodeResult(isRepr ? withoutRequest(result, value) : result)),
  );
}

function withoutRequest({ request: _, ...result }: TaskResult, value: JsonText): TaskResult {
  return { ...result, result: value };
}

/**
 * What an exception holds that the serializer has no form for becomes its `repr`, as in Celery, and arguments that
 * are kept with it are left out: a failure is always written.
 */
function writeValue<Written>(
  { state, result }: StateValue,
  write: (value: JsonText, isRepr: boolean) => Written,
): Written {
  try {
    return write(result, false);
  } catch (error) {
    if (!(error instanceof EncodeError) || !isException(state)) throw error;
    const record = recordFromResult(parseJson(result), null);
    return write(exceptionText({ ...record, excMessage: record.excMessage.map(textOf) }), true);
  }
}

function textOf(part: unknown): string {
  return typeof part === 'string' ? part : pythonRepr(part);
}

function settleResult(meta: unknown): unknown {
  const isFailed = isFields(meta) && typeof meta.status === 'string' && isException(meta.status);
  return isFailed ? { ...meta, result: exceptionOf(meta.result) } : meta;
}

function settlePart(part: unknown): unknown {
  const [version, taskId, state, value]: unknown[] = Array.isArray(part) ? part : [];
  return typeof state === 'string' && isException(state)
    ? [version, taskId, state, exceptionOf(value)]
    : part;
}
