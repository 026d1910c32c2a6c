/** Remote control of the workers (Celery's `app.control`): broadcasts a command and collects the replies. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply, Transport } from '../contract/transport.ts';
import {
  type ControlReply,
  type ControlRequest,
  decodeControlReply,
  encodeControlRequest,
  type Matcher,
} from '../protocol/control.ts';
import type { Acknowledgement } from '../protocol/control-replies.ts';
import { createInspect, type Inspect, type Replies } from './inspect.ts';
import { openOnce } from './open-once.ts';

export interface BroadcastOptions {
  /** Nodenames that should act. Default: all. */
  readonly destination?: readonly string[];
  /** Milliseconds to wait for replies. Default 1000. */
  readonly timeout?: number;
  /** Stop waiting after this many replies. Default: as many as destinations, else wait for the whole time. */
  readonly limit?: number;
  /** What the nodenames must match that should act; counts without a destination. */
  readonly pattern?: string;
  /** Default `glob`, a shell's wildcards. */
  readonly matcher?: Matcher;
}

/** Replies by nodename. */
export type ControlReplies = Readonly<Record<string, unknown>>;

type Arguments = Readonly<Record<string, unknown>>;

/** Sends a command and collects what the workers answer. */
export type Broadcast = (command: string, args?: Arguments) => Promise<ControlReplies>;

type Acknowledgements = Promise<Replies<Acknowledgement>>;

/** What workers can be told to do; each function answers with the replies by nodename. */
interface Commands {
  /** Runs these tasks no more; with `terminate` those that run are ended too. */
  revoke(taskIds: string | readonly string[], options?: { readonly terminate?: boolean }): Acknowledgements;
  /** Revokes the tasks that have any of these stamps. */
  revokeByStamps(
    stamps: Readonly<Record<string, string | readonly string[]>>,
    options?: { readonly terminate?: boolean },
  ): Acknowledgements;
  /** @param rate `10/s`, `100/m`, `5/h`; null for no limit. */
  rateLimit(taskName: string, rate: string | null): Acknowledgements;
  /** Seconds; null or left out for none. */
  timeLimit(
    taskName: string,
    limits: { readonly hard?: number | null; readonly soft?: number | null },
  ): Acknowledgements;
  addConsumer(
    queue: string,
    options?: {
      readonly exchange?: string;
      readonly exchangeType?: string;
      readonly routingKey?: string;
    },
  ): Acknowledgements;
  cancelConsumer(queue: string): Acknowledgements;
  /** @param slots how many more, one by default. */
  poolGrow(slots?: number): Acknowledgements;
  poolShrink(slots?: number): Acknowledgements;
  autoscale(range: { readonly most: number; readonly fewest: number }): Acknowledgements;
  enableEvents(): Acknowledgements;
  disableEvents(): Acknowledgements;
  /** Sends a heartbeat event. */
  heartbeat(): Promise<Replies<null>>;
  /** Warm shutdown. Workers do not answer it. */
  shutdown(): Promise<void>;
}

export interface ControlClient {
  /** Sends any command and collects what the workers answer. */
  broadcast(command: string, args?: Arguments, options?: BroadcastOptions): Promise<ControlReplies>;
  /** Sends a command and waits for no answer. */
  cast(command: string, args?: Arguments, options?: BroadcastOptions): Promise<void>;
  /** Tells all workers not to run a task or several, or with `terminate` to end them. Waits for no reply. */
  revoke(taskId: string | readonly string[], terminate: boolean): Promise<void>;
  /** Looks into the workers. */
  inspect(options?: BroadcastOptions): Inspect;
  /** Tells workers to do something, and waits for their answers. */
  tell(options?: BroadcastOptions): Commands;
}

export function createControlClient(transport: Transport): ControlClient {
  /** Who waits for replies, by ticket. */
  const waiting = new Map<string, (reply: ControlReply) => void>();
  const onReply = (reply: Reply) => {
    const answer = decodeControlReply(reply);
    if (answer.ticket !== null) waiting.get(answer.ticket)?.(answer);
  };
  const listen = openOnce(() => transport.onControlReply(onReply));

  async function broadcast(command: string, args: Arguments = {}, options: BroadcastOptions = {}) {
    const { destination, timeout = 1_000, limit = destination?.length ?? Number.POSITIVE_INFINITY } = options;
    const ticket = randomUUID();
    const replies = new Map<string, unknown>();
    const enough = new AbortController();
    waiting.set(ticket, ({ hostname, value }) => {
      replies.set(hostname, value);
      if (replies.size >= limit) enough.abort();
    });
    try {
      await listen();
      const replyTo = { exchange: transport.names.controlReply, routingKey: transport.oid, ticket };
      const expires = (Date.now() + timeout) / 1000;
      await transport.publish(
        encodeControlRequest(
          { ...requestOf(command, args, options), replyTo, expires },
          transport.names.control,
        ),
      );
      await sleep(timeout, undefined, { signal: enough.signal }).catch(() => undefined);
    } finally {
      waiting.delete(ticket);
    }
    return Object.fromEntries(replies);
  }

  async function cast(command: string, args: Arguments = {}, options: BroadcastOptions = {}) {
    await transport.publish(encodeControlRequest(requestOf(command, args, options), transport.names.control));
  }

  return {
    broadcast,
    cast,
    revoke: (taskIds, terminate) => cast('revoke', { task_id: taskIds, terminate, signal: null }),
    inspect: (options = {}) => createInspect((command, args) => broadcast(command, args, options)),
    tell: (options = {}) =>
      createCommands(
        (command, args) => broadcast(command, args, options),
        () => cast('shutdown', {}, options),
      ),
  };
}

function requestOf(
  method: string,
  args: Arguments,
  { destination, pattern, matcher = 'glob' }: BroadcastOptions,
): Pick<ControlRequest, 'method'> & Partial<ControlRequest> {
  const matching = pattern === undefined ? {} : { pattern, matcher };
  return { method, arguments: args, destination: destination ?? null, ...matching };
}

function createCommands(broadcast: Broadcast, shutdown: () => Promise<void>): Commands {
  const tell = (command: string, args: Arguments = {}) => broadcast(command, args) as Acknowledgements;
  return {
    revoke: (ids, { terminate = false } = {}) => tell('revoke', { task_id: ids, terminate, signal: null }),
    revokeByStamps: (headers, { terminate = false } = {}) =>
      tell('revoke_by_stamped_headers', { headers, terminate, signal: null }),
    rateLimit: (task, rate) => tell('rate_limit', { task_name: task, rate_limit: rate ?? 0 }),
    timeLimit: (task, { hard = null, soft = null }) => tell('time_limit', { task_name: task, hard, soft }),
    addConsumer: (queue, { exchange = null, exchangeType = 'direct', routingKey = null } = {}) =>
      tell('add_consumer', { queue, exchange, exchange_type: exchangeType, routing_key: routingKey }),
    cancelConsumer: (queue) => tell('cancel_consumer', { queue }),
    poolGrow: (slots = 1) => tell('pool_grow', { n: slots }),
    poolShrink: (slots = 1) => tell('pool_shrink', { n: slots }),
    autoscale: ({ most, fewest }) => tell('autoscale', { max: most, min: fewest }),
    enableEvents: () => tell('enable_events'),
    disableEvents: () => tell('disable_events'),
    heartbeat: () => broadcast('heartbeat') as Promise<Replies<null>>,
    shutdown,
  };
}
