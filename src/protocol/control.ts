/**
 * Remote control: requests to worker nodes and their replies (kombu/pidbox.py). Requests go to a fanout
 * exchange; every node takes those that are addressed to it.
 */
import { Script } from 'node:vm';
import { CELERY_CLUSTER } from '../contract/cluster.ts';
import type { MessageProperties, Publication, Reply } from '../contract/transport.ts';
import { ProtocolError } from '../errors.ts';
import { type Fields, isFields, optionalFields, optionalText, textField, wrong } from './fields.ts';
import { globSource } from './glob.ts';
import { parseJson, stringifyJson } from './json.ts';
import { JSON_CONTENT, readBody } from './serializers.ts';

/** Fanout exchange of the requests that only workers of this package know: Python workers do not hear them. */
export const NODE_CONTROL_EXCHANGE = 'omega.pidbox';

const MATCH = new Script('new RegExp(source).test(hostname)');
/** The context is made within it, which takes long on a busy machine. */
const MATCH_TIMEOUT_MS = 200;

/** How a nodename is matched: a shell's wildcards, or a regular expression. */
export type Matcher = 'glob' | 'pcre';

/** Where a node sends its reply, and what the client recognizes it by. */
interface ReplyAddress {
  readonly exchange: string;
  readonly routingKey: string;
  readonly ticket: string | null;
}

export interface ControlRequest {
  /** Name of the command, such as `ping`. */
  readonly method: string;
  readonly arguments: Fields;
  /** Nodenames, null for every node. */
  readonly destination: readonly string[] | null;
  /** What a nodename must match; counts only with a matcher and without a destination. */
  readonly pattern: string | null;
  readonly matcher: Matcher | null;
  /** Null if no reply is wanted. */
  readonly replyTo: ReplyAddress | null;
  /** The sender's Lamport clock. */
  readonly clock: number;
  /** Seconds since the epoch after which the client ignores replies, 0 for never. */
  readonly expires: number;
}

/** A node's answer to a request. */
export interface ControlReply {
  readonly ticket: string | null;
  readonly hostname: string;
  /** What the command answered; `{error: text}` if it failed. */
  readonly value: unknown;
}

/**
 * A request as a message to every node; by default to all, without a reply.
 *
 * @param exchange that of the cluster, or that of this package's own workers. Default: Celery's.
 */
export function encodeControlRequest(
  request: Pick<ControlRequest, 'method'> & Partial<ControlRequest>,
  exchange: string = CELERY_CLUSTER.control,
): Publication {
  const { method, destination = null, pattern = null, matcher = null, clock = 0, expires = 0 } = request;
  const { arguments: args = {}, replyTo } = request;
  const reply = replyTo && {
    ticket: replyTo.ticket,
    reply_to: { exchange: replyTo.exchange, routing_key: replyTo.routingKey },
  };
  const body = { method, arguments: args, destination, pattern, matcher, ...reply };
  return {
    exchange,
    routingKey: '',
    body: Buffer.from(stringifyJson(body)),
    properties: { ...JSON_CONTENT, deliveryMode: 2, priority: 0, headers: { clock, expires } },
    unroutable: 'drop',
  };
}

/**
 * @param replyExchange that of the cluster's replies: nothing is sent anywhere else. Default: Celery's.
 * @throws ProtocolError, ContentDisallowed if the message is no request.
 */
export function decodeControlRequest(
  body: Buffer,
  properties: MessageProperties,
  replyExchange: string = CELERY_CLUSTER.controlReply,
): ControlRequest {
  const where = 'a control request';
  const request = objectIn(body, properties, where);
  const { clock, expires } = properties.headers ?? {};
  return {
    method: textField(request, 'method', where),
    arguments: optionalFields(request, 'arguments', where) ?? {},
    destination: decodeDestination(request.destination, where),
    pattern: optionalText(request, 'pattern', where),
    matcher: decodeMatcher(request.matcher, where),
    replyTo: decodeReplyAddress(request, replyExchange, where),
    clock: typeof clock === 'number' ? clock : 0,
    expires: typeof expires === 'number' ? expires : 0,
  };
}

/**
 * Whether a node is to carry a request out.
 *
 * @throws ProtocolError for a pattern that is no regular expression, or takes too long.
 */
export function isAddressedTo(request: ControlRequest, hostname: string): boolean {
  const { destination, pattern, matcher } = request;
  if (destination !== null && destination.length > 0) return destination.includes(hostname);
  if (pattern === null || matcher === null) return true;
  return matches(pattern, matcher, hostname);
}

/** A node's answer, ready to be sent; null if the request wants none. A client that is gone is no error. */
export function encodeControlReply(
  request: ControlRequest,
  hostname: string,
  value: unknown,
  clock: number,
): Publication | null {
  if (request.replyTo === null) return null;
  const { exchange, routingKey, ticket } = request.replyTo;
  return {
    exchange,
    routingKey,
    body: Buffer.from(stringifyJson({ [hostname]: value ?? null })),
    properties: { ...JSON_CONTENT, deliveryMode: 1, priority: 0, headers: { ticket, clock } },
    unroutable: 'drop',
  };
}

/** @throws ProtocolError if the message is no reply of a node. */
export function decodeControlReply(reply: Reply): ControlReply {
  const answers = objectIn(reply.body, JSON_CONTENT, 'a control reply');
  const [answer] = Object.entries(answers);
  if (answer === undefined) throw new ProtocolError('a control reply is empty: it must name the node');
  return {
    ticket: optionalText(reply.headers, 'ticket', 'a control reply'),
    hostname: answer[0],
    value: answer[1],
  };
}

function objectIn(body: Buffer, properties: MessageProperties, where: string): Fields {
  const value = parseJson(readBody(body, properties));
  return isFields(value) ? value : wrong(value, 'body', where, 'a JSON object');
}

function decodeDestination(value: unknown, where: string): readonly string[] | null {
  if (value === undefined || value === null) return null;
  const names: unknown[] = Array.isArray(value) ? value : [value];
  const isText = (name: unknown): name is string => typeof name === 'string';
  return names.every(isText) ? names : wrong(value, 'destination', where, 'a list of nodenames or null');
}

function decodeMatcher(value: unknown, where: string): Matcher | null {
  if (value === undefined || value === null) return null;
  return value === 'glob' || value === 'pcre' ? value : wrong(value, 'matcher', where, 'glob, pcre or null');
}

function decodeReplyAddress(request: Fields, replyExchange: string, where: string): ReplyAddress | null {
  const address = optionalFields(request, 'reply_to', where);
  if (address === null) return null;
  const { exchange } = address;
  if (exchange !== replyExchange) return wrong(exchange, 'exchange', where, `'${replyExchange}'`);
  return {
    exchange: replyExchange,
    routingKey: textField(address, 'routing_key', where),
    ticket: optionalText(request, 'ticket', where),
  };
}

/** In a context of its own, which can be stopped: some patterns take years. */
function matches(pattern: string, matcher: Matcher, hostname: string): boolean {
  const source = matcher === 'pcre' ? `^(?:${pattern})` : `^${globSource(pattern)}$`;
  try {
    return MATCH.runInNewContext({ source, hostname }, { timeout: MATCH_TIMEOUT_MS });
  } catch (error) {
    throw new ProtocolError(
      `a control request: the pattern '${pattern.slice(0, 100)}' is no regular expression, or takes too long`,
      { cause: error },
    );
  }
}
