/** What holds when nobody in this process can act any more. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { Guardian } from '../../src/executors/guardian.ts';
import { until } from '../support/broker-harness.ts';
import { isAlive } from '../support/worker.ts';

function useGuardian(): Guardian {
  const guardian = new Guardian();
  onTestFinished(() => guardian.close());
  return guardian;
}

/** A shell with a child of its own, in a process group of its own. */
function useGroup(): number {
  const { pid = 0 }: ChildProcess = spawn('sh', ['-c', 'sleep 60 & wait'], {
    detached: true,
    stdio: 'ignore',
  });
  onTestFinished(() => killIfAlive(pid));
  return pid;
}

function killIfAlive(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // As the test expects.
  }
}

/** Pids of a process group, by ps. */
function membersOf(group: number): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pgid=,pid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([pgid]) => pgid === group).map(([, pid = 0]) => pid);
}

/** The guardian shells that this process has started. */
function guardianPids(): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'ppid=,pid=,args='], { encoding: 'utf8' }).split('\n');
  const own = lines.filter(
    (line) => line.includes('omega-guardian') && line.trim().startsWith(`${process.pid} `),
  );
  return own.map((line) => Number(line.trim().split(/\s+/)[1]));
}

test('when the pipe ends, all of the groups that are left are killed and no other', async () => {
  const guardian = useGuardian();
  const [kept, removed] = [useGroup(), useGroup()];
  await until(() => membersOf(kept).length === 2);
  const members = membersOf(kept);
  guardian.add(kept);
  guardian.add(removed);
  guardian.remove(removed);
  guardian.close();
  await until(() => !members.some(isAlive), 1000);
  expect(isAlive(removed)).toBe(true);
});

test('a guardian that is killed is replaced by one that knows the groups', async () => {
  const guardian = useGuardian();
  const group = useGroup();
  guardian.add(group);
  await until(() => guardianPids().length === 1);
  const [first = 0] = guardianPids();
  process.kill(first, 'SIGKILL');
  await until(() => guardianPids().some((pid) => pid !== first), 5000);
  guardian.close();
  await until(() => !isAlive(group), 1000);
});

test('signals of the terminal do not end it', async () => {
  const guardian = useGuardian();
  const group = useGroup();
  guardian.add(group);
  await until(() => guardianPids().length === 1);
  const [pid = 0] = guardianPids();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.kill(pid, signal);
  guardian.close();
  await until(() => !isAlive(group), 1000);
});
