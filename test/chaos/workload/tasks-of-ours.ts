/** Single tasks: empty, with a trace, long, failing, retried, for later. */
import { randomUUID } from 'node:crypto';
import { linkError, signature } from '../../../src/index.ts';
import type { Expectation } from '../oracle/journal.ts';
import { compute, effect, empty, errback, fail, long, replace, retry, send } from '../tasks.ts';
import { type Kind, unitOf } from './unit.ts';

/** {@link effect} of a value, and what is expected of it. */
export function tracedStep(kind: string, value: number) {
  const id = randomUUID();
  return { sig: signature(effect, { value }, { taskId: id }), expected: tracedTask(kind, id, value + 1) };
}

export function tracedTask(kind: string, id: string, result?: unknown): Expectation {
  return { id, kind, state: 'SUCCESS', leavesTrace: true, ...(result !== undefined && { result }) };
}

const emptyKind: Kind = {
  name: 'empty',
  weight: 25,
  make() {
    const id = randomUUID();
    return unitOf(signature(empty, {}, { taskId: id }), [
      { id, kind: 'empty', state: 'SUCCESS', result: null, leavesTrace: false },
    ]);
  },
};

const effectKind: Kind = {
  name: 'effect',
  weight: 25,
  make(random) {
    const { sig, expected } = tracedStep('effect', random.integer(0, 1000));
    return unitOf(sig, [expected]);
  },
};

const computeKind: Kind = {
  name: 'compute',
  weight: 4,
  make(random) {
    const [id, upTo] = [randomUUID(), random.integer(1, 1000)];
    const result = (upTo * (upTo - 1)) / 2;
    return unitOf(signature(compute, { upTo }, { taskId: id }), [
      { id, kind: 'compute', state: 'SUCCESS', result, leavesTrace: false },
    ]);
  },
};

const longKind: Kind = {
  name: 'long',
  weight: 1.5,
  make(random) {
    const [id, seconds] = [randomUUID(), random.integer(2, 8)];
    return unitOf(signature(long, { seconds }, { taskId: id }), [tracedTask('long', id, seconds)]);
  },
};

const failKind: Kind = {
  name: 'fail',
  weight: 3,
  make() {
    const [id, errbackId] = [randomUUID(), randomUUID()];
    const callback = signature<string>(errback.name, [], {}, { taskId: errbackId });
    return unitOf(linkError(signature(fail, {}, { taskId: id }), callback), [
      { id, kind: 'fail', state: 'FAILURE', excType: 'ValueError', leavesTrace: true },
      tracedTask('errback', errbackId, id),
    ]);
  },
};

const retryKind: Kind = {
  name: 'retry',
  weight: 4,
  make(random) {
    const [id, times, countdown] = [randomUUID(), random.integer(1, 4), random.pick([0, 0.2, 1.5])];
    return unitOf(signature(retry, { times, countdown }, { taskId: id }), [
      { ...tracedTask('retry', id, times), retries: times },
    ]);
  },
};

const etaKind: Kind = {
  name: 'eta',
  weight: 4,
  make(random) {
    const seconds = random.pick([0.5, 1.5, 3, 6, 10]);
    const { sig, expected } = tracedStep('eta', 0);
    const notBefore = Date.now() + seconds * 1000;
    return unitOf(sig, [{ ...expected, notBefore }], { countdown: seconds });
  },
};

const sendKind: Kind = {
  name: 'send',
  weight: 3,
  make() {
    const id = randomUUID();
    const { id: _, ...sends } = tracedTask('sent', '', 2);
    return unitOf(signature(send, { signature: { ...signature(effect, { value: 1 }) } }, { taskId: id }), [
      { ...tracedTask('send', id), sends },
    ]);
  },
};

const replaceKind: Kind = {
  name: 'replace',
  weight: 2,
  make() {
    const id = randomUUID();
    const { args, kwargs, options, task, subtask_type, immutable } = signature(effect, { value: 1 });
    const wire = { args, kwargs, options, task, subtask_type, immutable };
    return unitOf(signature(replace, { signature: wire }, { taskId: id }), [tracedTask('replace', id, 2)]);
  },
};

export const singleKinds: readonly Kind[] = [
  ...[emptyKind, effectKind, computeKind, longKind, failKind],
  ...[retryKind, etaKind, sendKind, replaceKind],
];
