/** What comes after a task: its callbacks, the rest of its chain, its chord, its errbacks (celery/app/trace.py). */
import type { JsonText } from '../contract/job.ts';
import type { SignatureFields } from '../contract/signature.ts';
import { MessageTooLarge, type OmegaError, TaskRevokedError } from '../errors.ts';
import { type Applied, applyRead, applySignature, type ResultTuple } from '../protocol/canvas.ts';
import { replacementOf } from '../protocol/canvas-replace.ts';
import { groupOf, readStep, type Step } from '../protocol/canvas-step.ts';
import { copyReason } from '../protocol/copy.ts';
import { recordFromResult, toErrorRecord } from '../protocol/exception.ts';
import { parsePlainJson, stringifyJson } from '../protocol/json.ts';
import { JsonFragment } from '../protocol/json-fragment.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { REVOKED, SUCCESS } from '../protocol/states.ts';
import type { TaskCall, TaskMessage } from '../protocol/task-message.ts';
import type { Consequence } from './consequence.ts';
import { carryOut } from './consequences.ts';
import { durably } from './durably.ts';
import { isMalformed, partOf } from './failing.ts';
import type { Request, WorkerNode } from './node.ts';
import type { Conclusion } from './report.ts';
import { applierOf, failureOf, type Parent, publishApplied } from './sender.ts';

/** What a conclusion leads to. Planned before the result is stored, since the result names its children. */
export interface Continuation {
  /** What the task has sent and what will be sent, as Celery's result tuples. */
  readonly children: readonly ResultTuple[];
  /** Why nothing can come: the task has failed instead. */
  readonly failure?: OmegaError;
  /**
   * Sends it; resolves when the broker has confirmed. Done again after a crash, it sends the same ids. Null: nothing
   * comes.
   */
  readonly publish: (() => Promise<void>) | null;
}

/** What the tasks in this worker have sent while they ran. */
interface Sends {
  /** The run that these are of: a task that runs again, because its executor died, sends the same again. */
  startedAt: number | null;
  count: number;
  children: ResultTuple[];
  isCopy: boolean;
}

const NOTHING: Continuation = { children: [], publish: null };

const sendsOf = new WeakMap<Request, Sends>();

/** Plans what comes after a conclusion; nothing for one after which nothing comes. */
export function planContinuation(node: WorkerNode, request: Request, conclusion: Conclusion): Continuation {
  const { message } = request;
  const sent = sendsOf.get(request);
  if (conclusion.kind !== 'replaced' && sent === undefined && isAlone(message)) return NOTHING;
  try {
    const consequences = consequencesOf(node, request, conclusion);
    const children = consequences.flatMap((next) => (next.kind === 'send' ? next.applied.children : []));
    return {
      children: [...(sent?.children ?? []), ...children],
      publish: () => publish(node, request, consequences),
    };
  } catch (error) {
    if (!isMalformed(error)) throw error;
    return { ...NOTHING, failure: error };
  }
}

/**
 * Sends a signature on behalf of a task that runs.
 *
 * @returns the id of the task that gives the whole's result.
 * @throws ProtocolError, InvalidTaskError, Unroutable, EncodeError, MessageTooLarge, OperationalError
 */
export async function sendFromTask(node: WorkerNode, request: Request, signature: JsonText): Promise<string> {
  const { message } = request;
  const sends = sendsBy(request);
  sends.count += 1;
  const purpose = `send:${message.retries}:${message.replacedNesting}:${sends.count}`;
  const applier = applierOf(node, parentOf(message), purpose);
  const applied = applySignature(parsePlainJson(signature) as SignatureFields, applier);
  await sendChild(node, request, applied);
  return applied.result[0][0];
}

/** Sends what becomes a child of a task that runs. @throws as {@link sendFromTask} */
export async function sendChild(node: WorkerNode, request: Request, applied: Applied): Promise<void> {
  const sends = sendsBy(request);
  const unsent = await publishApplied(node, applied, sends.isCopy);
  const [first] = unsent;
  if (first !== undefined && unsent.length === applied.calls.length) throw first.error;
  sends.children.push(...applied.children);
  await carryOut(
    node,
    unsent.map(({ call, error }) => failureOf(call, error, false)),
  );
}

/** Who the children of a task come from. */
export function parentOf({ taskId, rootId, priority }: TaskMessage): Parent & { readonly rootId: string } {
  return { taskId, rootId: rootId ?? taskId, priority };
}

function isAlone({ embed: { callbacks, errbacks, chain, chord } }: TaskMessage): boolean {
  return !(callbacks?.length || errbacks?.length || chain?.length || chord);
}

function consequencesOf(node: WorkerNode, request: Request, conclusion: Conclusion): readonly Consequence[] {
  const { message } = request;
  switch (conclusion.kind) {
    case 'success':
      return afterSuccess(node, message, new JsonFragment(conclusion.result), false);
    case 'failure':
      return [{ kind: 'failure', task: message, error: conclusion.error, isStored: true, isCopy: false }];
    case 'rejected':
      if (conclusion.requeue) return [];
      return [{ kind: 'failure', task: message, error: conclusion.error, isStored: true, isCopy: false }];
    case 'revoked':
      return partOf(message, REVOKED, toErrorRecord(new TaskRevokedError(conclusion.reason)));
    case 'duplicate':
      return conclusion.result === null ? [] : afterCopy(node, message, conclusion.result);
    case 'replaced':
      return [replacement(node, request, conclusion.signature)];
    case 'retry':
    case 'ignored':
      return [];
  }
}

/** Callbacks get the result, and so does the next task of the chain, which takes the rest of it along. */
function afterSuccess(
  node: WorkerNode,
  message: TaskMessage,
  result: JsonFragment,
  isCopy: boolean,
): readonly Consequence[] {
  const { callbacks, chain, chord } = message.embed;
  const args = [result];
  const send = (step: Step, purpose: string, options = {}): Consequence => {
    const applier = applierOf(node, parentOf(message), purpose);
    return { kind: 'send', applied: applyRead(step, applier, { args, options }), isCopy };
  };
  const sends = callbackSteps(callbacks ?? []).map((step, index) => send(step, `callback:${index}`));
  const next = chain?.at(-1);
  if (next) sends.push(send(readStep(next), 'chain', { chain: chain?.slice(0, -1) }));
  const { taskId, groupId, groupIndex } = message;
  if (chord === null || groupId === null) return sends;
  return [
    ...sends,
    { kind: 'part', part: { taskId, groupId, groupIndex, body: chord, state: SUCCESS, result: result.text } },
  ];
}

/** One callback is sent as it is; of several, groups are, and the others as a group. */
function callbackSteps(callbacks: readonly unknown[]): readonly Step[] {
  const steps = callbacks.map((callback) => readStep(callback));
  if (steps.length < 2) return steps;
  const single = steps.filter(({ subtask_type }) => subtask_type !== 'group');
  const groups = steps.filter(({ subtask_type }) => subtask_type === 'group');
  return single.length > 0 ? [...groups, groupOf(single)] : groups;
}

/** The task had ended before; whether all that comes after it was sent, nobody knows. */
function afterCopy(node: WorkerNode, message: TaskMessage, meta: ResultMeta): readonly Consequence[] {
  if (meta.state !== SUCCESS) {
    const error = recordFromResult(meta.result, meta.traceback);
    if (meta.state === REVOKED) return partOf(message, REVOKED, error);
    return [{ kind: 'failure', task: message, error, isStored: true, isCopy: true }];
  }
  const result = new JsonFragment(meta.large ? ('null' as JsonText) : stringifyJson(meta.result));
  const consequences = afterSuccess(node, message, result, true);
  return meta.large ? consequences.flatMap((next) => withoutResult(next, result)) : consequences;
}

/** Tasks that would take a result that no message can hold fail; the others are sent. */
function withoutResult(consequence: Consequence, result: JsonFragment): readonly Consequence[] {
  if (consequence.kind !== 'send') return [consequence];
  const { applied } = consequence;
  const takesIt = ({ args }: TaskCall): boolean => args.includes(result);
  const error = new MessageTooLarge(
    'the result of the task before is too large for a message: store it as a dataset and return its name',
  );
  const others = { ...applied, calls: applied.calls.filter((call) => !takesIt(call)) };
  return [
    { ...consequence, applied: others },
    ...applied.calls.filter(takesIt).map((call) => failureOf(call, error, true)),
  ];
}

/** Unlike in Celery the client's reply queue goes along: it waits for this id. */
function replacement(node: WorkerNode, request: Request, signature: JsonText): Consequence {
  const { message } = request;
  const purpose = `replace:${message.retries}:${message.replacedNesting}`;
  const replyTo = message.replyTo ?? '';
  const applier = applierOf(node, parentOf(message), purpose, replyTo);
  let ids = 0;
  const naming = {
    ...{ replyTo, marksChords: false },
    newId: () => applierOf(node, message, `${purpose}:own`).newId(ids++),
  };
  const step = replacementOf(parsePlainJson(signature), message, naming);
  return { kind: 'send', applied: applyRead(step, applier), isCopy: isAgain(request) };
}

async function publish(
  node: WorkerNode,
  request: Request,
  consequences: readonly Consequence[],
): Promise<void> {
  const { taskId, taskName } = request.message;
  const fields = { task_id: taskId, task_name: taskName };
  await durably(node, fields, 'what comes next cannot be sent', (again) =>
    carryOut(node, again || isAgain(request) ? consequences.map(copied) : consequences),
  );
}

function copied(consequence: Consequence): Consequence {
  return consequence.kind === 'part' ? consequence : { ...consequence, isCopy: true };
}

function sendsBy(request: Request): Sends {
  const { startedAt } = request;
  const sends = sendsOf.get(request);
  if (sends && sends.startedAt === startedAt) return sends;
  const fresh = { startedAt, count: 0, children: [], isCopy: sends !== undefined || isAgain(request) };
  sendsOf.set(request, fresh);
  return fresh;
}

/**
 * Whether this run may have begun before, elsewhere, or what comes of it be done there by now: a delivery that is lost comes
 * to another worker, which finds the result that is stored here, and sends what comes next in its turn.
 */
function isAgain({ message, delivery }: Request): boolean {
  return delivery.redelivered || delivery.lost || copyReason(message) === 'again';
}
