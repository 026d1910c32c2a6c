/** Sending tasks on behalf of a task: who sends them, and how their messages reach the broker. */
import { isDeclarationRefusal } from '../broker/reply-code.ts';
import type { Publication } from '../contract/transport.ts';
import { InvalidName, type OmegaError, OperationalError, Unroutable } from '../errors.ts';
import type { Applied, Applier } from '../protocol/canvas.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { publishDeclared } from '../protocol/publish-declared.ts';
import { COPY_HEADER, encodeTask, ORIGIN, type TaskCall } from '../protocol/task-message.ts';
import { uuidOf } from '../protocol/uuid.ts';
import { traceSending } from '../tracing.ts';
import type { Consequence } from './consequence.ts';
import { isPermanent } from './durably.ts';
import type { WorkerNode } from './node.ts';

/** Messages on their way at a time. */
const BATCH = 200;

/** The task on whose behalf something is sent. */
export interface Parent {
  readonly taskId: string;
  readonly rootId: string | null;
  /** Of its message. Default: none that could be inherited. */
  readonly priority?: number | null;
}

/**
 * @param purpose - tells what a task sends from what else it sends: the ids come from both, so that sending the same
 *   again sends the same ids.
 * @param replyTo - of tasks that name no reply queue themselves. Celery's workers name one that nobody reads.
 */
export function applierOf(node: WorkerNode, parent: Parent, purpose: string, replyTo = ''): Applier {
  const inherited = node.settings.inheritParentPriority ? (parent.priority ?? null) : null;
  return {
    parent: { taskId: parent.taskId, rootId: parent.rootId, priority: inherited },
    replyTo,
    queue: node.settings.queues[0] ?? 'celery',
    router: node.router,
    origin: ORIGIN,
    now: new Date(),
    chords: node.backend.chords ? 'redis' : 'unlock',
    newId: (n) => uuidOf(`${parent.taskId}:${purpose}:${n}`),
  };
}

/** A message that can never be sent, and why. */
export interface Unsent {
  readonly call: TaskCall;
  readonly error: OmegaError;
}

/**
 * Publishes what a signature came to; resolves when the broker has confirmed, with what can never be sent.
 *
 * @throws OperationalError if the broker cannot be reached now: some may be sent by then.
 */
export async function publishApplied(
  node: WorkerNode,
  { calls, joins }: Applied,
  isCopy: boolean,
): Promise<readonly Unsent[]> {
  const { chords } = node.backend;
  for (const { groupId, size, header } of chords ? joins : []) {
    await chords?.begin(groupId, size);
    if (header[1]?.some(([, children]) => children !== null)) await chords?.saveHeader(header);
  }
  const unsent: Unsent[] = [];
  for (let start = 0; start < calls.length; start += BATCH) {
    const batch = calls.slice(start, start + BATCH);
    const errors = await Promise.all(batch.map((call) => publish(node, call, isCopy)));
    batch.forEach((call, index) => {
      const error = errors[index] ?? null;
      if (error !== null) unsent.push({ call, error });
    });
  }
  return unsent;
}

/** As {@link publishApplied}; what can never be sent has failed. */
export async function sendApplied(
  node: WorkerNode,
  applied: Applied,
  isCopy: boolean,
): Promise<readonly Consequence[]> {
  const unsent = await publishApplied(node, applied, isCopy);
  return unsent.map(({ call, error }) => failureOf(call, error, isCopy));
}

/** Null when it is sent, an error when it never can be. @throws what may be otherwise next time */
async function publish(
  { publisher, declareQueue, encoding }: WorkerNode,
  call: TaskCall,
  isCopy: boolean,
): Promise<OmegaError | null> {
  try {
    const mark = isCopy ? { [COPY_HEADER]: 'again' } : {};
    await traceSending(call, async (carrier) => {
      const marked = { ...call, headers: { ...call.headers, ...carrier, ...mark } };
      const publication = encodeTask(marked, new Date(), encoding);
      const send = (each: Publication) => publisher.publish(each);
      await publishDeclared(call, publication, send, () => declareQueue(call.queue));
    });
    return null;
  } catch (error) {
    if (isUnsendable(error)) return error;
    throw error;
  }
}

/** No try will send it: waiting for one would hold this worker, and then the next. */
function isUnsendable(error: unknown): error is OmegaError {
  if (isPermanent(error) || error instanceof Unroutable || error instanceof InvalidName) return true;
  return error instanceof OperationalError && isDeclarationRefusal(error.cause);
}

/** The task that cannot be sent has failed, and with it what was to come after it. */
export function failureOf(call: TaskCall, error: OmegaError, isCopy: boolean): Consequence {
  const { callbacks = null, errbacks = null, chain = null, chord = null } = call.embed ?? {};
  const task = {
    taskId: call.taskId,
    taskName: call.taskName,
    groupId: call.groupId ?? null,
    groupIndex: call.groupIndex ?? null,
    parentId: call.parentId ?? null,
    rootId: call.rootId ?? null,
    replyTo: call.replyTo || null,
    correlationId: call.taskId,
    embed: { callbacks, errbacks, chain, chord },
    ignoreResult: call.ignoreResult === true,
  };
  return {
    kind: 'failure',
    task: task as Extract<Consequence, { kind: 'failure' }>['task'],
    error: { ...toErrorRecord(error), traceback: null },
    isStored: false,
    isCopy,
  };
}
