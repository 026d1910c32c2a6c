import { describe, expect, it } from 'vitest';
import type { BrokerExamination } from '../../../src/broker/examine.ts';
import { judgeRabbit } from '../../../src/cli/doctor/broker.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { examineMachine } from '../../../src/cli/doctor/machine.ts';
import { judgeDatabase } from '../../../src/cli/doctor/mongodb.ts';
import { judgeShutdown } from '../../../src/cli/doctor/shutdown.ts';
import { loadSettings } from '../../../src/config.ts';
import type { MongoExamination } from '../../../src/mongo/examine.ts';

/** What is not in order, by its first words. */
function complaints(findings: readonly Finding[]): string[] {
  return findings.filter(({ status }) => status !== 'ok').map(({ status, what }) => `${status}: ${what}`);
}

describe('of RabbitMQ', () => {
  const sound: BrokerExamination = {
    address: { protocol: 'amqp', hostname: '127.0.0.1', port: 5672, virtualHost: '/', username: 'me' },
    product: 'RabbitMQ',
    version: '3.13.7',
    isBlocked: false,
    refusal: null,
    queues: new Map([['default', { name: 'default', ready: 0, consumers: 1, difference: null }]]),
  };
  const judge = (change: Partial<BrokerExamination>, consumerTimeout: number | null = 1800, env = {}) =>
    complaints(judgeRabbit({ ...sound, ...change }, loadSettings(env), consumerTimeout));

  it('nothing is to be said of a sound one', () => expect(judge({})).toEqual([]));

  it.each([
    [
      'another host without TLS',
      { address: { ...sound.address, hostname: 'mq' } },
      'warning: the connection is not encrypted',
    ],
    ['an old version', { version: '3.7.28' }, 'failure: RabbitMQ 3.7.28 is older than 3.8'],
    [
      'a version that gives tasks up',
      { version: '4.1.0' },
      'warning: this RabbitMQ drops tasks of quorum queues',
    ],
    ['missing permissions', { refusal: 'ACCESS_REFUSED' }, 'failure: ACCESS_REFUSED'],
    ['an alarm', { isBlocked: true }, 'failure: an alarm is raised'],
    [
      'a queue that nobody consumes',
      { queues: new Map([['q', { name: 'q', ready: 3, consumers: 0, difference: null }]]) },
      "warning: queue 'q': 3 messages wait, 0 consumers",
    ],
    [
      'a queue that was declared otherwise',
      { queues: new Map([['q', { name: 'q', ready: 0, consumers: 1, difference: 'inequivalent arg' }]]) },
      "warning: queue 'q' was declared otherwise than by these settings: inequivalent arg",
    ],
  ] as const)('%s is told', (_, change, complaint) => {
    expect(judge(change)).toEqual([expect.stringContaining(complaint)]);
  });

  it('a time for acks that is too short, and one that nobody knows, are told', () => {
    expect(judge({}, 900)).toEqual([expect.stringContaining('the broker takes a message back after 900 s')]);
    expect(judge({}, 900, { OMEGA_HANDOVER_AFTER: '300' })).toEqual([]);
    expect(judge({}, null)).toEqual([expect.stringMatching(/^unknown: .* at least 1200 s/)]);
  });
});

describe('of MongoDB', () => {
  const sound: MongoExamination = {
    database: 'omega',
    version: '6.0.5',
    replicaSet: { name: 'rs0', members: 3, electionTimeout: 2000 },
    clockAhead: 0.01,
    refusal: null,
  };
  const judge = (change: Partial<MongoExamination>, url = 'mongodb://127.0.0.1/omega') =>
    complaints(judgeDatabase({ ...sound, ...change }, url));

  it('nothing is to be said of a sound one', () => {
    expect(judge({})).toEqual([]);
    expect(judge({}, 'mongodb://a,b,c/omega?tls=true')).toEqual([]);
  });

  it.each([
    ['an old version', { version: '4.0.28' }, 'failure: MongoDB 4.0.28 is older than 4.2'],
    ['a single server', { replicaSet: null }, 'warning: this is a single server'],
    [
      'a small set',
      { replicaSet: { name: 'rs0', members: 1, electionTimeout: 2000 } },
      'warning: replica set',
    ],
    [
      'slow elections',
      { replicaSet: { name: 'rs0', members: 3, electionTimeout: 10_000 } },
      'warning: a primary',
    ],
    [
      'elections nobody knows of',
      { replicaSet: { name: 'rs0', members: 3, electionTimeout: null } },
      'unknown: the time',
    ],
    ['missing permissions', { refusal: 'not authorized' }, 'failure: not authorized'],
    ['a clock that is behind', { clockAhead: -90 }, 'warning: its clock is 90.00 s behind ours'],
  ] as const)('%s is told', (_, change, complaint) => {
    expect(judge(change)).toEqual([expect.stringContaining(complaint)]);
  });

  it('another host without TLS is told', () => {
    expect(judge({}, 'mongodb://db/omega')).toEqual(['warning: the connection is not encrypted']);
  });
});

describe('of the machine', () => {
  const judge = (env: Readonly<Record<string, string>>) => complaints(examineMachine(loadSettings(env), env));

  it('more executors than memory are told', () => {
    expect(judge({ OMEGA_WORKER_CONCURRENCY: '1024' })).toEqual([
      expect.stringContaining('failure: 1024 slots'),
    ]);
    const limit = { OMEGA_WORKER_CONCURRENCY: '2', OMEGA_WORKER_MEMORY_LIMIT: String(10 ** 9) };
    expect(judge(limit)).toEqual([expect.stringContaining('executors may take')]);
  });

  it('what each executor may take is told', () => {
    const given = { OMEGA_WORKER_CONCURRENCY: '1', OMEGA_WORKER_MEMORY_LIMIT: String(400 * 1024) };
    const told = examineMachine(loadSettings(given), given).map(({ what }) => what);
    expect(told).toContainEqual(
      expect.stringMatching(/^1 slots, .* at most 400 for each executor, 180 MiB of heap in it$/),
    );
    expect(judge({ OMEGA_WORKER_MEMORY_LIMIT: '1024' })).toEqual([
      expect.stringContaining('failure: each executor would have 0 MiB of heap'),
    ]);
  });

  it('probes that the kubelet cannot reach are told', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    expect(judge(pod)).toEqual([expect.stringContaining('where the kubelet cannot ask')]);
    expect(judge({ ...pod, OMEGA_HTTP_HOST: '0.0.0.0', OMEGA_HTTP_PORT: '9100' })).toEqual([]);
  });
});

describe('of the end of a worker', () => {
  const judge = (soft: number, timeLimit: number | undefined, remap?: string, grace: number | null = null) =>
    complaints(judgeShutdown({ softShutdownTimeout: soft, timeLimit }, remap, grace));

  it('nothing is to be said where what runs has the time to end', () => {
    expect(judge(0, undefined)).toEqual([]);
    expect(judge(0, 600, undefined, 615)).toEqual([]);
    expect(judge(1275, 1230, 'SIGQUIT', 1290)).toEqual([]);
  });

  it.each([
    [
      'a shutdown shorter than the longest task',
      [600, 1230, 'SIGQUIT', 615],
      'warning: tasks may run for 1230 s',
    ],
    [
      'a grace period that leaves no time to give back',
      [600, 300, 'SIGQUIT', 610],
      'failure: a stop waits 600 s',
    ],
    [
      'a kill in the middle of the longest task',
      [0, 1230, undefined, 600],
      'warning: SIGTERM waits for what runs',
    ],
    [
      'a kill of tasks without a limit',
      [0, undefined, undefined, 600],
      'warning: SIGTERM waits for what runs',
    ],
  ] as const)('%s is told', (_, [soft, limit, remap, grace], complaint) => {
    expect(judge(soft, limit, remap, grace)).toEqual([expect.stringContaining(complaint)]);
  });
});
