/**
 * Reading task messages: of protocol 2 (task-message.ts), protocol 1 and what is between the two (older-protocol.ts).
 * Whatever arrives, it ends in a message that is checked or in one of two errors.
 */
import type { JsonText, TaskId } from '../contract/job.ts';
import { ProtocolError } from '../errors.ts';
import { parseIsoDateTime } from './dates.ts';
import {
  type Fields,
  isFields,
  optionalCount,
  optionalFields,
  optionalObjects,
  optionalText,
  textField,
  wrong,
} from './fields.ts';
import { hideSecretsIn } from './hidden-secrets.ts';
import { parseJson, parsePlainJson } from './json.ts';
import { fieldsOfOlderProtocol, translateOlderBody } from './older-protocol.ts';
import type { ResultAddress } from './result.ts';
import { readBody, type SerializerName } from './serializers.ts';
import type { Verify } from './signed-body.ts';
import type { Embed, RawMessage, TaskMessage } from './task-message.ts';

/** An id is also a message's `correlation_id`, which AMQP limits to 255 bytes. */
const MAX_ID_BYTES = 255;

/** What a message says, in the form of protocol 2. */
interface Content {
  /** What protocol 2 has in the headers. */
  readonly fields: Fields;
  /** `[args, kwargs, embed]`. */
  readonly body: JsonText;
  readonly parsed: unknown;
}

/**
 * Reads and checks a message.
 *
 * @param accept - the setting `acceptContent`. Default: JSON only.
 * @param verify - of signed messages; without it they are refused.
 * @throws ContentDisallowed if its content type or compression is not accepted.
 * @throws SecurityError if it is signed, and cannot be trusted.
 * @throws ProtocolError if it is no task message; {@link readResultAddress} then says whose failure it is.
 */
export function decodeTask(
  raw: RawMessage,
  accept?: readonly SerializerName[],
  verify?: Verify,
): TaskMessage {
  const { headers = {}, priority = null } = raw.properties;
  const { fields, body, parsed } = readContent(raw, accept, verify);
  const taskName = textField(fields, 'task', 'no task message');
  const where = `a message of task ${taskName.slice(0, 80)}`;
  const address =
    addressOf(fields, raw) ?? wrong(fields.id, 'id', where, `a string of at most ${MAX_ID_BYTES} bytes`);
  const [timeLimit, softTimeLimit] = decodeTimeLimits(fields, where);
  return {
    // Field by field: a spread into an object of this size costs ten times as much.
    taskId: address.taskId,
    groupId: address.groupId,
    parentId: address.parentId,
    replyTo: address.replyTo,
    correlationId: address.correlationId,
    taskName,
    body,
    embed: decodeEmbed(parsed, where),
    eta: decodeDate(fields, 'eta', where),
    expires: decodeDate(fields, 'expires', where),
    softTimeLimit,
    timeLimit,
    retries: optionalCount(fields, 'retries', where) ?? 0,
    replacedNesting: optionalCount(fields, 'replaced_task_nesting', where) ?? 0,
    rootId: optionalText(fields, 'root_id', where),
    groupIndex: optionalCount(fields, 'group_index', where),
    ignoreResult: fields.ignore_result === true,
    shadow: optionalText(fields, 'shadow', where),
    origin: optionalText(fields, 'origin', where),
    argsRepr: hideSecretsIn(optionalText(fields, 'argsrepr', where) ?? ''),
    kwargsRepr: hideSecretsIn(optionalText(fields, 'kwargsrepr', where) ?? ''),
    priority,
    stamps: optionalFields(fields, 'stamps', where) ?? {},
    deliveryInfo: { exchange: raw.exchange, routingKey: raw.routingKey, redelivered: raw.redelivered },
    headers,
  };
}

/**
 * Where the result of a message belongs, also of one that cannot be decoded: by the id in its headers, else that in
 * its body (protocol 1), else its correlation id. Null if it has none that can be used. Never throws.
 */
export function readResultAddress(
  raw: RawMessage,
  accept?: readonly SerializerName[],
  verify?: Verify,
): ResultAddress | null {
  const { headers = {}, correlationId } = raw.properties;
  return (
    addressOf(headers, raw) ??
    addressOf(readOlderFields(raw, accept, verify), raw) ??
    addressOf({ ...headers, id: correlationId }, raw)
  );
}

/**
 * Decodes the arguments of a task.
 *
 * @throws ProtocolError if the body is no `[args, kwargs, embed]`.
 */
export function decodeBody(body: JsonText): { args: unknown[]; kwargs: Record<string, unknown> } {
  const [args, kwargs] = checkBody(parseJson(body), 'a task message');
  return { args, kwargs };
}

/** Of protocol 1 is an object that has no task in its headers, of the hybrid one with `args` (celery/worker/strategy.py `default`). */
function readContent(raw: RawMessage, accept?: readonly SerializerName[], verify?: Verify): Content {
  const { headers = {} } = raw.properties;
  const body = readBody(raw.body, raw.properties, accept, verify);
  const parsed = parsePlainJson(body);
  const isOlder = isFields(parsed) && (headers.task === undefined || Object.hasOwn(parsed, 'args'));
  if (!isOlder) return { fields: headers, body, parsed };
  return { fields: fieldsOfOlderProtocol(parsed, headers), ...translateOlderBody(parsed) };
}

function readOlderFields(raw: RawMessage, accept?: readonly SerializerName[], verify?: Verify): Fields {
  try {
    const parsed = parsePlainJson(readBody(raw.body, raw.properties, accept, verify));
    return isFields(parsed) ? fieldsOfOlderProtocol(parsed, raw.properties.headers ?? {}) : {};
  } catch {
    // The body cannot be read: so there is no id in it.
    return {};
  }
}

function addressOf(fields: Fields, { properties }: RawMessage): ResultAddress | null {
  const { id, group, parent_id: parentId } = fields;
  const { correlationId, replyTo } = properties;
  if (!isShortText(id)) return null;
  return {
    taskId: id as TaskId,
    groupId: typeof group === 'string' ? group : null,
    parentId: typeof parentId === 'string' ? parentId : null,
    replyTo: isShortText(replyTo) ? replyTo : null,
    correlationId: isShortText(correlationId) ? correlationId : id,
  };
}

/** Whether it can be sent as a property again: what was no UTF-8 has become longer by being read. */
function isShortText(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && Buffer.byteLength(text) <= MAX_ID_BYTES;
}

function decodeEmbed(body: unknown, where: string): Embed {
  const embed = checkBody(body, where)[2] ?? {};
  if (!isFields(embed)) wrong(embed, 'embed', where, 'an object or null');
  return {
    callbacks: optionalObjects(embed, 'callbacks', where),
    errbacks: optionalObjects(embed, 'errbacks', where),
    chain: optionalObjects(embed, 'chain', where),
    chord: optionalFields(embed, 'chord', where),
  };
}

function checkBody(body: unknown, where: string): [unknown[], Record<string, unknown>, unknown] {
  if (!Array.isArray(body) || body.length !== 3) {
    throw new ProtocolError(`${where}: its body is not the list [args, kwargs, embed]`);
  }
  const [args, kwargs, embed]: unknown[] = body;
  if (!Array.isArray(args)) wrong(args, 'args', where, 'a list');
  if (!isFields(kwargs)) wrong(kwargs, 'kwargs', where, 'an object');
  return [args, kwargs, embed];
}

function decodeDate(headers: Fields, name: string, where: string): Date | null {
  const text = optionalText(headers, name, where);
  if (text === null) return null;
  return parseIsoDateTime(text) ?? wrong(text, name, where, 'a date in ISO 8601');
}

/** `[hard, soft]` in seconds; 0 means none, as in Celery. */
function decodeTimeLimits(headers: Fields, where: string): [number | null, number | null] {
  const limits = headers.timelimit;
  if (limits === undefined || limits === null) return [null, null];
  if (!Array.isArray(limits) || limits.length !== 2)
    return wrong(limits, 'timelimit', where, 'a list of two');
  const [hard, soft]: unknown[] = limits;
  return [decodeSeconds(hard, where), decodeSeconds(soft, where)];
}

function decodeSeconds(value: unknown, where: string): number | null {
  if (value === null || value === undefined || value === 0) return null;
  const isSeconds = typeof value === 'number' && Number.isFinite(value) && value > 0;
  return isSeconds ? value : wrong(value, 'timelimit', where, 'in seconds, or null');
}
