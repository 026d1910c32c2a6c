/**
 * What the end of one task of a chord's header means: depending on the result backend and the client, nothing
 * (`celery.chord_unlock` looks after it), a count in the backend (Redis), or a place in the set of those that have
 * ended (the chords of our own clients).
 */

import type { DueChord, JoinClaim } from '../ledger/joins.ts';
import { joinSize } from '../protocol/canvas-join.ts';
import { isFields, textField } from '../protocol/fields.ts';
import { parsePlainJson, stringifyJson } from '../protocol/json.ts';
import { readResultTuples } from '../protocol/result-tuple.ts';
import { chordError, haveEnded, joinChord, leavesOf, type SentChord, sendBody } from './chord-join.ts';
import type { ChordPartEnd, Consequence } from './consequence.ts';
import { bodyFailures } from './failing.ts';
import type { WorkerNode } from './node.ts';

/** What is to be carried out, and then noted. */
export interface Completion {
  readonly consequences: readonly Consequence[];
  done(): Promise<void>;
}

/** Notes the end of a part; something is to be done if it was the last one. */
export async function endPart(node: WorkerNode, part: ChordPartEnd): Promise<Completion | null> {
  if (node.backend.chords) return await countPart(node, part);
  const size = joinSize(part.body, part.groupId);
  if (size === null || part.groupIndex === null) return null;
  const claim = await node.joins.addEnd(part.groupId, part.groupIndex, size);
  return claim && (await completeJoin(node, claim));
}

/** Notes a chord that joins our way, when its `celery.chord_unlock` arrives. */
export async function holdChord(
  node: WorkerNode,
  groupId: string,
  size: number,
  chord: SentChord,
): Promise<Completion | null> {
  const claim = await node.joins.hold(groupId, size, stringifyJson(chord));
  return claim && (await completeJoin(node, claim));
}

/** Looks whether a chord is complete of which no worker of ours ran the last task. */
export async function lookAfter(node: WorkerNode, due: DueChord): Promise<Completion | null> {
  const ids = leavesOf(readChord(due.chord).results).filter((_, index) => !due.hasEnded(index));
  if (!(await haveEnded(node, ids))) return null;
  const claim = await node.joins.claim(due.groupId);
  return claim && (await completeJoin(node, claim));
}

async function completeJoin(node: WorkerNode, claim: JoinClaim): Promise<Completion> {
  return {
    consequences: await joinChord(node, readChord(claim.chord), claim.isCopy),
    done: () => node.joins.finish(claim.groupId),
  };
}

/** The backend counts, and knows the results (celery/backends/redis.py `on_chord_part_return`). */
async function countPart(node: WorkerNode, part: ChordPartEnd): Promise<Completion | null> {
  const claim = await node.backend.chords?.addPart(part);
  if (!claim) return null;
  const { outcome } = claim;
  if (outcome.kind === 'failed') {
    const error = chordError(outcome.message);
    return { consequences: bodyFailures(part.body, error, error), done: () => claim.drop() };
  }
  if (!(await claim.extend())) return null;
  const parent = { taskId: part.taskId, rootId: null };
  return {
    consequences: sendBody(node, { body: part.body, parent }, outcome.values, claim.isCopy),
    done: () => claim.end(),
  };
}

/** What `holdChord` has noted. */
function readChord(text: string): SentChord {
  const chord = parsePlainJson(text);
  const { body, results, parent } = isFields(chord) ? chord : {};
  const { taskId, rootId } = isFields(parent) ? parent : {};
  return {
    body: isFields(body) ? body : {},
    results: readResultTuples(results),
    parent: {
      taskId: textField({ taskId }, 'taskId', 'a noted chord'),
      rootId: typeof rootId === 'string' ? rootId : null,
    },
  };
}
