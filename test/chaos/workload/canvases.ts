/** Canvases: several tasks that are sent as one. Every task has its id before it is sent. */
import { randomUUID } from 'node:crypto';
import { chain, chord, group, signature } from '../../../src/index.ts';
import type { Expectation } from '../oracle/journal.ts';
import { effect, fail, sum } from '../tasks.ts';
import { tracedStep, tracedTask } from './tasks-of-ours.ts';
import { type Kind, unitOf } from './unit.ts';

/** {@link effect} of what comes before it, which is `value`. */
function next(kind: string, value: number) {
  const id = randomUUID();
  return { sig: signature(effect, {}, { taskId: id }), expected: tracedTask(kind, id, value + 1) };
}

function sumOf(kind: string, result: number) {
  const id = randomUUID();
  return { sig: signature(sum, {}, { taskId: id }), expected: tracedTask(kind, id, result) };
}

/** `values + 1`, side by side. */
function sideBySide(kind: string, values: readonly number[]) {
  const members = values.map((value) => tracedStep(kind, value));
  return { sigs: members.map(({ sig }) => sig), expected: members.map(({ expected }) => expected) };
}

const chainKind: Kind = {
  name: 'chain',
  weight: 5,
  make() {
    const steps = [tracedStep('chain', 0), next('chain', 1), next('chain', 2)] as const;
    const [first, second, third] = steps;
    return unitOf(
      chain(first.sig, second.sig, third.sig),
      steps.map(({ expected }) => expected),
    );
  },
};

const brokenChain: Kind = {
  name: 'broken chain',
  weight: 1,
  make() {
    const [first, failing, never] = [tracedStep('chain', 0), randomUUID(), randomUUID()];
    const failed = (id: string, leavesTrace: boolean): Expectation => {
      return { id, kind: 'broken chain', state: 'FAILURE', excType: 'ValueError', leavesTrace };
    };
    const last = signature<unknown>(effect.name, [], {}, { taskId: never });
    return unitOf(chain(first.sig, signature(fail, {}, { taskId: failing }), last), [
      first.expected,
      failed(failing, true),
      failed(never, false),
    ]);
  },
};

const groupKind: Kind = {
  name: 'group',
  weight: 3,
  make() {
    const { sigs, expected } = sideBySide('group', [1, 2, 3]);
    return unitOf(group(sigs), expected);
  },
};

const chordKind: Kind = {
  name: 'chord',
  weight: 4,
  make(random) {
    const values = Array.from({ length: random.integer(2, 6) }, (_, i) => i);
    const { sigs, expected } = sideBySide('chord', values);
    const body = sumOf(
      'chord body',
      values.reduce((total, value) => total + value + 1, 0),
    );
    return unitOf(chord(sigs, body.sig), [...expected, body.expected]);
  },
};

/** A task, then a chord of two tasks that take its result, then one more. */
const chordInChain: Kind = {
  name: 'chord in a chain',
  weight: 2,
  make() {
    const first = tracedStep('chord in a chain', 0);
    const members = [next('chord in a chain', 1), next('chord in a chain', 1)];
    const [body, last] = [sumOf('chord in a chain', 4), next('chord in a chain', 4)];
    const sigs = members.map(({ sig }) => sig);
    return unitOf(chain(first.sig, group(sigs), body.sig, last.sig), [
      ...[first, ...members, body, last].map(({ expected }) => expected),
    ]);
  },
};

/** A chord whose header has a chain, and whose body is one. */
const chainInChord: Kind = {
  name: 'chain in a chord',
  weight: 2,
  make() {
    const kind = 'chain in a chord';
    const [first, second, other] = [tracedStep(kind, 0), next(kind, 1), tracedStep(kind, 4)];
    const [body, last] = [sumOf(kind, 7), next(kind, 7)];
    return unitOf(chord([chain(first.sig, second.sig), other.sig], chain(body.sig, last.sig)), [
      ...[first, second, other, body, last].map(({ expected }) => expected),
    ]);
  },
};

export const canvasKinds: readonly Kind[] = [
  ...[chainKind, brokenChain, groupKind, chordKind, chordInChain, chainInChord],
];
