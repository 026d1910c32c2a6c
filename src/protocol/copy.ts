/** Publishing a message once more: a retry, or a message that comes later. The one place that makes copies. */
import type { JsonText } from '../contract/job.ts';
import type { Publication } from '../contract/transport.ts';
import { formatIsoDateTime } from './dates.ts';
import type { Fields } from './fields.ts';
import { parseJson } from './json.ts';
import { endOfString } from './json-parser.ts';
import { argsRepr, pythonRepr } from './repr.ts';
import { sentTime } from './sent-time.ts';
import { type Encoding, writeBody } from './serializers.ts';
import { COPY_HEADER, type RawMessage, type TaskMessage } from './task-message.ts';

/**
 * Why there is a copy. `eta` and `rate`: the same run, which waits for its time, or for its turn under a rate
 * limit; `parked`: the same run, which may go on elsewhere; `again`: what it copies may have been published before.
 */
export type CopyReason = (typeof REASONS)[number];

const REASONS = ['eta', 'rate', 'parked', 'again'] as const;

/** What a copy is made of. */
type Source = Pick<RawMessage, 'body' | 'properties'>;

/**
 * Headers that belong to one delivery: by its deaths RabbitMQ would see a cycle and drop the copy, counts of
 * deliveries would go on, and CC and BCC would send it to further queues.
 */
const OF_ONE_DELIVERY =
  /^(x-death|x-(first|last)-death-(exchange|queue|reason)|x-(delivery|acquired)-count|cc|bcc)$/i;

/**
 * A message for its queue once more, with everything that strangers put into it. Its time to live is left out:
 * `expires` says the same, and a delay queue would let it go too early.
 *
 * @param reason - marks it by {@link COPY_HEADER}; null for one that nobody can have seen before.
 */
export function copyMessage(
  { body, properties }: Source,
  queue: string,
  reason: CopyReason | null,
): Publication {
  const { expiration: _, ...kept } = properties;
  return {
    exchange: '',
    routingKey: queue,
    body,
    properties: { ...kept, headers: copyHeaders(properties.headers ?? {}, reason) },
    unroutable: 'error',
    relayed: true,
  };
}

/** Why a message is a copy; null if it is none. */
export function copyReason({ headers }: Pick<TaskMessage, 'headers'>): CopyReason | null {
  const reason = headers[COPY_HEADER];
  if (reason === undefined) return null;
  return REASONS.find((known) => known === reason) ?? 'again';
}

/** How a task runs again. */
export interface NextRun {
  /** Null for at once. */
  readonly eta: Date | null;
  /** `[args, kwargs]` as JSON; null for those of the run before. */
  readonly input: JsonText | null;
  readonly reason: CopyReason | null;
}

/**
 * The message by which a task runs again (celery/app/task.py `signature_from_request`): the same id, one
 * retry more, the task itself as its parent. A message of protocol 1 becomes one of protocol 2.
 *
 * @param encoding - of a body that is written anew; one that is copied stays as it was signed.
 */
export function retryMessage(
  source: Source,
  message: TaskMessage,
  queue: string,
  { eta, input, reason }: NextRun,
  encoding: Encoding = {},
): Publication {
  const sent = sentTime(new Date());
  const { properties: kept, ...copy } = copyMessage(source, queue, reason);
  const properties = { ...kept, ...sent.property };
  const isComplete = typeof message.headers.task === 'string';
  const headers = {
    ...(isComplete ? {} : describeTask(message)),
    ...properties.headers,
    ...sent.header,
    retries: message.retries + 1,
    eta: eta && formatIsoDateTime(eta),
    parent_id: message.taskId,
  };
  if (input === null && isComplete) return { ...copy, properties: { ...properties, headers } };
  const { compression: _, ...uncompressed }: Fields = headers;
  const { body, properties: ofBody } = writeBody(
    input === null ? message.body : replaceInput(message.body, input),
    encoding,
  );
  return {
    ...copy,
    body,
    relayed: false,
    properties: {
      ...properties,
      ...ofBody,
      headers: input === null ? uncompressed : { ...uncompressed, ...describeInput(input) },
    },
  };
}

function copyHeaders(headers: Fields, reason: CopyReason | null): Fields {
  const kept = Object.entries(headers).filter(
    ([name]) => !OF_ONE_DELIVERY.test(name) && name !== COPY_HEADER,
  );
  return Object.fromEntries(reason === null ? kept : [...kept, [COPY_HEADER, reason]]);
}

/** The headers of protocol 2. */
function describeTask(message: TaskMessage): Fields {
  const names = Object.keys(message.stamps);
  return {
    lang: 'py',
    task: message.taskName,
    id: message.taskId,
    shadow: message.shadow,
    expires: message.expires && formatIsoDateTime(message.expires),
    group: message.groupId,
    group_index: message.groupIndex,
    timelimit: [message.timeLimit, message.softTimeLimit],
    root_id: message.rootId ?? message.taskId,
    argsrepr: message.argsRepr,
    kwargsrepr: message.kwargsRepr,
    origin: message.origin,
    // What it does not say is left to the task.
    ignore_result: message.ignoreResult || null,
    replaced_task_nesting: message.replacedNesting,
    stamped_headers: names.length === 0 ? null : names,
    stamps: message.stamps,
  };
}

function describeInput(input: JsonText): Fields {
  const [args, kwargs] = elementsOf(input).map(parseJson);
  return { argsrepr: argsRepr(Array.isArray(args) ? args : []), kwargsrepr: pythonRepr(kwargs) };
}

/** The body with other arguments; what comes after the task stays as it was written, to the letter. */
function replaceInput(body: JsonText, input: JsonText): JsonText {
  const [args = '[]', kwargs = '{}'] = elementsOf(input);
  const [, , embed = '{}'] = elementsOf(body);
  return `[${args}, ${kwargs}, ${embed}]` as JsonText;
}

/** The texts of the elements of a JSON list. */
function elementsOf(list: string): string[] {
  const elements: string[] = [];
  let start = list.indexOf('[') + 1;
  let depth = 1;
  for (let at = start; depth > 0 && at < list.length; at += 1) {
    const character = list.charAt(at);
    if (character === '"') at = endOfString(list, at);
    if ('[{'.includes(character)) depth += 1;
    if (']}'.includes(character)) depth -= 1;
    if (depth === 0 || (depth === 1 && character === ',')) {
      elements.push(list.slice(start, at).trim());
      start = at + 1;
    }
  }
  return elements.filter((element) => element !== '');
}
