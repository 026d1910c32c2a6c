/** `celery.chord_unlock`: looks whether a chord's header has ended, again and again (celery/app/builtins.py). */
import type { JsonText } from '../contract/job.ts';
import { MaxRetriesExceededError, Retry } from '../errors.ts';
import { joinSize } from '../protocol/canvas-join.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { type Fields, isFields, wrong } from '../protocol/fields.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { readResultTuples } from '../protocol/result-tuple.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Verdict } from './admission.ts';
import { chordError, haveEnded, joinChord, leavesOf, type SentChord } from './chord-join.ts';
import { holdChord } from './chord-parts.ts';
import { carryOut, complete } from './consequences.ts';
import { parentOf } from './continuation.ts';
import { bodyFailures } from './failing.ts';
import type { Request, WorkerNode } from './node.ts';
import { failedWith } from './report.ts';

const DONE: Verdict = { kind: 'success', result: 'null' as JsonText };
/** Seconds between two looks (Celery's `result_chord_retry_interval`). */
const INTERVAL = 1;

/**
 * A chord of our own clients is held: the worker that stores the last result of its header joins it. Any other one
 * is looked at each second, until it can be joined.
 *
 * @throws ProtocolError if the arguments are no chord's.
 */
export async function unlockChord(node: WorkerNode, request: Request, args: Fields): Promise<Verdict> {
  const chord = chordOf(request.message, args);
  const { group_id: groupId } = args;
  const size = typeof groupId === 'string' ? joinSize(chord.body, groupId) : null;
  if (typeof groupId === 'string' && size === chord.results.length) {
    await complete(node, await holdChord(node, groupId, size, chord));
    return DONE;
  }
  if (!(await haveEnded(node, leavesOf(chord.results)))) return await lookAgain(node, request, chord, args);
  await carryOut(node, await joinChord(node, chord, request.delivery.redelivered));
  return DONE;
}

function chordOf(message: TaskMessage, { callback, result }: Fields): SentChord {
  const body = isFields(callback)
    ? callback
    : wrong(callback, 'callback', 'celery.chord_unlock', 'a signature');
  return { body, results: readResultTuples(result), parent: parentOf(message) };
}

async function lookAgain(
  node: WorkerNode,
  { message }: Request,
  chord: SentChord,
  { interval, max_retries }: Fields,
): Promise<Verdict> {
  const given = typeof max_retries === 'number' ? max_retries : Number.POSITIVE_INFINITY;
  // Without a store there is nothing to look at.
  const most = node.settings.resultBackend === 'rpc://' ? 0 : given;
  const countdown = typeof interval === 'number' && interval >= 0 ? interval : INTERVAL;
  if (message.retries < most) {
    return {
      kind: 'retry',
      countdown,
      input: null,
      error: toErrorRecord(new Retry(`Retry in ${countdown}s`)),
    };
  }
  const error = new MaxRetriesExceededError(
    `the chord was not complete after ${message.retries} looks: send it without max_retries, or with results that are stored`,
  );
  const reason = chordError(
    `chord_unlock could not be retried: MaxRetriesExceededError(${pythonRepr(error.message)})`,
  );
  await carryOut(node, bodyFailures(chord.body, reason, reason));
  return failedWith(error);
}
