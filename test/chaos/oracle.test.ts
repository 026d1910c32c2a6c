/** The oracle finds what it is there to find. */
import { describe, expect, it } from 'vitest';
import { checkEvents } from './oracle/check-events.ts';
import { checkEnds, checkWrites } from './oracle/check-results.ts';
import { checkRuns } from './oracle/check-runs.ts';
import type { Effect } from './oracle/effects.ts';
import type { Injection } from './oracle/injections.ts';
import type { Expectation } from './oracle/journal.ts';
import type { StoredResult } from './oracle/results.ts';

const ID = 'a task';
const END = 100_000;
const expected: Expectation = { id: ID, kind: 'effect', state: 'SUCCESS', result: 2, leavesTrace: true };

function results(change: Partial<StoredResult> = {}): ReadonlyMap<string, StoredResult> {
  const result = { _id: ID, status: 'SUCCESS', result: '2', date_done: new Date(END), ...change };
  return new Map([[ID, result]]);
}

describe('ends', () => {
  it('a task that has ended as it should is right', () => {
    expect(checkEnds([expected], results())).toEqual([]);
  });

  it.each([
    ['no result', new Map(), 'lost'],
    ['a state that is none to stay in', results({ status: 'STARTED' }), 'lost'],
    ['another end', results({ status: 'FAILURE', result: '{"exc_type": "ValueError"}' }), 'wrong'],
    ['another value', results({ result: '3' }), 'wrong'],
  ])('%s is found', (_, stored, what) => {
    expect(checkEnds([expected], stored)).toMatchObject([{ invariant: 'I1', what, taskId: ID }]);
  });

  it.each([['SUCCESS'], ['FAILURE'], ['STARTED'], ['delete']])('%s after an end is found', (state) => {
    const writes = new Map([[ID, ['STARTED', 'SUCCESS', state]]]);
    expect(checkWrites(writes)).toMatchObject([{ invariant: 'I2', what: 'doubled', taskId: ID }]);
  });

  it('states before the end are right', () => {
    expect(checkWrites(new Map([[ID, ['STARTED', 'RETRY', 'SUCCESS']]]))).toEqual([]);
  });
});

describe('events', () => {
  const tell = (...types: readonly string[]) =>
    types.map((type, at) => ({ type, at, hostname: 'w1', taskId: ID }));

  it('received, started, ended is right', () => {
    expect(checkEvents(tell('task-received', 'task-started', 'task-failed'))).toEqual([]);
  });

  it('another order is found', () => {
    const events = tell('task-started', 'task-received', 'task-succeeded');
    expect(checkEvents(events)).toMatchObject([{ invariant: 'I8', what: 'wrong', taskId: ID }]);
  });

  it('times in another order are found', () => {
    const events = tell('task-received', 'task-started', 'task-succeeded').map((event) => ({
      ...event,
      at: -event.at,
    }));
    expect(checkEvents(events)).toMatchObject([{ invariant: 'I8' }]);
  });

  it('silence is found', () => {
    expect(checkEvents([])).toMatchObject([{ invariant: 'I8' }]);
  });
});

describe('runs', () => {
  function check(
    change: Partial<Expectation>,
    runs: readonly Partial<Effect>[],
    injections: Injection[] = [],
  ) {
    const trace = { _id: '', task: ID, retries: 0, worker: 'w1', pid: 1, at: new Date(END - 1_000) };
    const traces = new Map([[ID, runs.map((run) => ({ ...trace, ...run }))]]);
    const lives = { sent: new Map([[ID, END - 2_000]]), results: results(), injections };
    return checkRuns([{ ...expected, ...change }], traces, lives);
  }

  function injection(change: Partial<Injection>): Injection {
    const [injectedAt, healedAt, recoveredAt] = [END - 1_500, END - 1_400, END - 1_000];
    return { fault: 'F8', title: '', inFlight: 1, losses: 1, injectedAt, healedAt, recoveredAt, ...change };
  }

  it('a task that has run once is right', () => {
    expect(check({}, [{}])).toEqual([]);
  });

  it('a success without a run is found', () => {
    expect(check({}, [])).toMatchObject([{ invariant: 'I4', what: 'lost' }]);
  });

  it('a second run is found, unless something was lost meanwhile', () => {
    expect(check({}, [{}, {}])).toMatchObject([{ invariant: 'I4', what: 'doubled' }]);
    expect(check({}, [{}, {}], [injection({})])).toEqual([]);
    expect(check({}, [{}, {}, {}], [injection({})])).toMatchObject([{ what: 'doubled' }]);
    const before = injection({ injectedAt: 0, recoveredAt: 1_000 });
    expect(check({}, [{}, {}], [before])).toMatchObject([{ what: 'doubled' }]);
  });

  it('each retry is to run once', () => {
    expect(check({ retries: 1 }, [{}, { retries: 1 }])).toEqual([]);
    expect(check({ retries: 1 }, [{}])).toMatchObject([{ what: 'lost' }]);
    expect(check({ retries: 1 }, [{}, {}, { retries: 1 }])).toMatchObject([{ what: 'doubled' }]);
  });

  it('a run long after the end is found', () => {
    const late = { at: new Date(END + 4_000) };
    expect(check({}, [{}, late], [injection({})])).toMatchObject([{ what: 'doubled' }]);
  });

  it('a run long before its ETA is found', () => {
    expect(check({ notBefore: END + 5_000 }, [{}])).toMatchObject([{ invariant: 'I4', what: 'wrong' }]);
  });
});
