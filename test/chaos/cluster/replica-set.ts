/** A private MongoDB replica set of three, whose members can be told to fail. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnDetached } from '../../../src/services/detached.ts';
import { mongoUrlAt } from '../../../src/services/mongod.ts';
import { findMongod } from '../../../src/services/mongod-binary.ts';
import type { ServiceOptions } from '../../../src/services/options.ts';
import { isRunning, type ProcessRecord } from '../../../src/services/process-record.ts';
import { isListening, LOOPBACK } from '../../../src/services/tcp.ts';
import { waitUntilReady } from '../../../src/services/wait.ts';
import { reservePort } from './ports.ts';

const NAME = 'chaos';
const DATABASE = 'chaos';
const CACHE_GB = '0.25';
/** So soon the members miss one that says nothing, and elect another: by default that takes 10 s. */
const MISSED_AFTER_S = 2;
const START_PATIENCE_MS = 60_000;
const ELECTION_PATIENCE_MS = 60_000;
const FOLLOW_PATIENCE_MS = 10_000;

export interface Member {
  readonly port: number;
  readonly pid: number;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on its data. Resolves when it listens. */
  start(): Promise<void>;
  command(command: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
}

export interface ReplicaSet {
  readonly url: string;
  readonly members: readonly Member[];
  /** Waits for one that takes writes. */
  primary(): Promise<Member>;
  /**
   * As `primary`, once every member follows it: after a failure, one that is in its initial sync or in a rollback
   * confirms nothing until the member that it copies from is back.
   */
  primaryOfAll(): Promise<Member>;
}

export async function startReplicaSet(
  options: ServiceOptions,
  onStart: (server: ProcessRecord) => void,
): Promise<ReplicaSet> {
  const binary = await findMongod(options);
  const members: Member[] = [];
  for (let id = 0; id < 3; id += 1) members.push(await startMember(binary, id, options, onStart));
  const hosts = members.map(({ port }) => `${LOOPBACK}:${port}`);
  const [first] = members;
  await first?.command({
    replSetInitiate: {
      _id: NAME,
      members: hosts.map((host, _id) => ({ _id, host })),
      settings: { electionTimeoutMillis: MISSED_AFTER_S * 1_000, heartbeatTimeoutSecs: MISSED_AFTER_S },
    },
  });
  const primary = () => findMember(members, isPrimary);
  const primaryOfAll = () => findMember(members, (member) => isFollowedBy(members, member));
  await primaryOfAll();
  return {
    url: `mongodb://${hosts.join(',')}/${DATABASE}?replicaSet=${NAME}`,
    members,
    primary,
    primaryOfAll,
  };
}

async function startMember(
  binary: string,
  id: number,
  options: ServiceOptions,
  onStart: (server: ProcessRecord) => void,
): Promise<Member> {
  const port = await reservePort();
  const data = join(options.folder, `mongodb-${id}`);
  mkdirSync(data, { recursive: true });
  const log = join(options.folder, `mongodb-${id}.log`);
  const flags = ['--dbpath', data, '--port', String(port), '--bind_ip', LOOPBACK, '--replSet', NAME];
  let record: ProcessRecord;

  async function start(): Promise<void> {
    record = await spawnDetached(binary, [...flags, '--wiredTigerCacheSizeGB', CACHE_GB], log, options.env);
    onStart(record);
    const server = { name: 'MongoDB', process: record, log };
    await waitUntilReady(server, START_PATIENCE_MS, () => isListening(LOOPBACK, port));
  }

  await start();
  return {
    port,
    get pid() {
      return record.pid;
    },
    freeze: () => void process.kill(record.pid, 'SIGSTOP'),
    thaw: () => void process.kill(record.pid, 'SIGCONT'),
    async kill() {
      process.kill(record.pid, 'SIGKILL');
      while (isRunning(record)) await sleep(20);
    },
    start,
    command: (command) => options.mongoCommand(mongoUrlAt(port), command),
  };
}

async function isPrimary(member: Member): Promise<boolean> {
  const { isWritablePrimary } = await member.command({ hello: 1 });
  return isWritablePrimary === true;
}

/** Whether it takes a write and all of them confirm it. */
async function isFollowedBy(members: readonly Member[], member: Member): Promise<boolean> {
  const writeConcern = { w: members.length, wtimeout: FOLLOW_PATIENCE_MS };
  await member.command({ appendOplogNote: 1, data: { members: 'all' }, writeConcern });
  return true;
}

/** A member that throws is asked again later: it is away, or no longer the primary. */
async function findMember(
  members: readonly Member[],
  isWanted: (member: Member) => Promise<boolean>,
): Promise<Member> {
  const deadline = Date.now() + ELECTION_PATIENCE_MS;
  let cause: unknown;
  while (Date.now() < deadline) {
    for (const member of members) {
      const found = await isWanted(member).catch((error: unknown) => {
        cause = error;
        return false;
      });
      if (found) return member;
    }
    await sleep(100);
  }
  const seconds = ELECTION_PATIENCE_MS / 1000;
  throw new Error(`the replica set has had no primary, or not all members, for ${seconds} s`, { cause });
}
