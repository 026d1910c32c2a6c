/** I1: every confirmed task has ended, as it must. I2, I3: its end was written once, and nothing after it. */
import { isDeepStrictEqual } from 'node:util';
import { READY_STATES } from '../../../src/protocol/states.ts';
import type { Expectation } from './journal.ts';
import { hasEnded, type Results, type StoredResult } from './results.ts';
import { doubled, type Finding, lost, wrong } from './verdict.ts';

export function checkEnds(expected: readonly Expectation[], results: Results): readonly Finding[] {
  return expected.flatMap((each) => {
    const result = results.get(each.id);
    if (result && hasEnded(result)) return checkEnd(each, result);
    return [lost('I1', `${each.kind}: ${result?.status ?? 'no result'} instead of ${each.state}`, each.id)];
  });
}

/** @param writes - the states that were written for each task, in order. */
export function checkWrites(writes: ReadonlyMap<string, readonly string[]>): readonly Finding[] {
  return [...writes].flatMap(([id, states]) => {
    const end = states.findIndex((state) => READY_STATES.includes(state));
    if (end < 0 || end === states.length - 1) return [];
    return [doubled('I2', `written after its end: ${states.join(', ')}`, id)];
  });
}

function checkEnd(expected: Expectation, { status, result }: StoredResult): readonly Finding[] {
  const { id, kind, state } = expected;
  if (status !== state) return [wrong('I1', `${kind}: ${status} instead of ${state}: ${result}`, id)];
  const value: unknown = JSON.parse(result);
  if (status === 'FAILURE') {
    const { exc_type: excType } = value as { readonly exc_type?: string };
    if (expected.excType === undefined || excType === expected.excType) return [];
    return [wrong('I1', `${kind}: failed with ${result} instead of ${expected.excType}`, id)];
  }
  if (expected.result === undefined || isDeepStrictEqual(value, expected.result)) return [];
  return [wrong('I1', `${kind}: ${result} instead of ${JSON.stringify(expected.result)}`, id)];
}
