/** I5: queues are empty but for the dead. I6, I7: processes are as they were. I9: no secret is in a log. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deadQueueOf } from '../../../src/protocol/dead-letter.ts';
import { openFiles } from '../../bench/process-usage.ts';
import { connectOperator } from '../../support/amqp-operator.ts';
import { type ChaosBroker, PASSWORD, VHOST } from '../cluster/broker.ts';
import { type ChaosWorker, SLOTS, type Workers } from '../cluster/workers.ts';
import type { Expectation } from './journal.ts';
import { type Finding, lost, wrong } from './verdict.ts';

const QUEUES_PATIENCE_MS = 40_000;
const POLL_MS = 1_000;
/** Executors, and the shell that guards them. */
const MOST_CHILDREN = SLOTS + 1;
/** Two connections to the broker, a pool to MongoDB, pipes to the executors: about 50. */
const MOST_FILES = 90;

type Headers = Readonly<Record<string, unknown>> | undefined;

interface Queue {
  readonly name: string;
  readonly messages: number;
}

/** Waits until they are. */
export async function checkQueues(broker: ChaosBroker, queue: string): Promise<readonly Finding[]> {
  const deadline = Date.now() + QUEUES_PATIENCE_MS;
  for (;;) {
    const full = (await readQueues(broker)).filter(
      ({ name, messages }) => messages > 0 && name !== deadQueueOf(queue) && !isPrivate(name),
    );
    if (full.length === 0) return [];
    if (Date.now() > deadline) {
      return full.map(({ name, messages }) => wrong('I5', `queue ${name} still has ${messages} messages`));
    }
    await sleep(POLL_MS);
  }
}

/** What must be in the dead queue is there, and nothing else. */
export async function checkDead(
  broker: ChaosBroker,
  queue: string,
  expected: readonly Expectation[],
): Promise<readonly Finding[]> {
  const operator = await connectOperator(broker.url);
  const count = (await operator.ready(deadQueueOf(queue))) ?? 0;
  const letters = count === 0 ? [] : await operator.take(deadQueueOf(queue), count);
  await operator.close();
  const ids = new Set(letters.map(({ properties }) => idOf(properties)));
  const dead = new Map(expected.flatMap((each) => (each.isDead ? [[each.id, each] as const] : [])));
  const missing = [...dead.values()].filter(({ id }) => !ids.has(id));
  const strange = [...ids].filter((id) => !dead.has(id));
  return [
    ...missing.map(({ id, kind }) => lost('I5', `${kind}: is not in the dead queue`, id)),
    ...strange.map((id) => wrong('I5', 'is in the dead queue', id)),
  ];
}

/** The workers have as many children and open files as workers have that have just started. */
export function checkProcesses({ all, unexpectedEnds }: Workers): readonly Finding[] {
  const ends = unexpectedEnds.map(({ worker, at, how }) =>
    wrong('I6', `${worker} ended by itself at ${new Date(at).toISOString()}: ${how}`),
  );
  return [...ends, ...all.flatMap(checkProcess)];
}

export function checkLogs(folder: string): readonly Finding[] {
  const logs = readdirSync(folder).filter((name) => /^w\d+\.log$/.test(name));
  const leaking = logs.filter((name) => readFileSync(`${folder}/${name}`, 'utf8').includes(PASSWORD));
  return leaking.map((name) => wrong('I9', `the broker's password is in ${name}`));
}

function checkProcess({ name, pid, childPids }: ChaosWorker): readonly Finding[] {
  const [children, files] = [childPids().length, openFiles(pid)];
  return [
    ...(children > MOST_CHILDREN ? [wrong('I7', `${name} has ${children} child processes`)] : []),
    ...(files > MOST_FILES ? [wrong('I7', `${name} has ${files} open files`)] : []),
  ];
}

async function readQueues(broker: ChaosBroker): Promise<readonly Queue[]> {
  const printed = await broker.ctl('list_queues', '-p', VHOST, 'name', 'messages', '--formatter', 'json');
  return JSON.parse(printed) as Queue[];
}

/** Replies to clients, mailboxes and events: they have no name that anybody else knows. */
function isPrivate(queue: string): boolean {
  return /pidbox|celeryev|[0-9a-f]{8}-[0-9a-f]{4}-/.test(queue);
}

/** The task's id, as far as a message has it outside of its body. */
export function idOf({
  correlationId,
  headers,
}: {
  readonly correlationId?: unknown;
  readonly headers?: Headers;
}): string {
  return String(headers?.id ?? correlationId);
}
