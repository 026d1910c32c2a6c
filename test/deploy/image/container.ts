/** A container of the image, as Kubernetes would run it: by its own command and user, without rights, its root read-only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Place } from '../../support/worker.ts';
import { buildah, imageConfig, imageName, type Target } from './build.ts';

export interface ContainerOptions {
  readonly place: Place;
  /** Of `omega worker`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly memory?: number;
  /** CPUs. */
  readonly cpus?: number;
}

export interface Container {
  /** Lines that the worker has logged. */
  readonly lines: readonly Record<string, unknown>[];
  /** A folder that tasks can write, under the same path inside and outside. */
  readonly shared: string;
  /** What a command prints that is run in it. */
  exec(...command: readonly string[]): string;
  /** Sends SIGTERM; answers with the exit status. */
  terminate(): Promise<number | null>;
}

/** Modules with the tasks of tests, where they are mounted. */
const TASK_MODULES = ['tasks', 'execution-tasks'].map((name) => `/app/dist/test/support/${name}.js`);

const CPU_PERIOD = 100_000;

/** Runs a worker; resolves when it consumes. */
export async function useContainer(target: Target, options: ContainerOptions): Promise<Container> {
  const id = `omega-check-${randomUUID().slice(0, 8)}`;
  const bundle = mkdtempSync(join(tmpdir(), 'omega-container-'));
  const shared = join(bundle, 'shared');
  mkdirSync(shared);
  chmodSync(bundle, 0o755);
  chmodSync(shared, 0o777);
  buildah(['from', '--pull-never', '--name', id, imageName(target)]);
  const root = buildah(['mount', id]).trim();
  mkdirSync(join(root, 'app', 'dist', 'test'), { recursive: true });
  mkdirSync(join(root, shared), { recursive: true });
  writeFileSync(
    join(bundle, 'config.json'),
    JSON.stringify(specification(target, { root, shared, id }, options)),
  );
  const child = spawn('runc', ['run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode === null) {
      runc('kill', id, 'KILL');
      await once(child, 'exit');
    }
    buildah(['rm', id]);
    rmSync(bundle, { recursive: true });
  });
  return {
    lines: await readUntilReady(child),
    shared,
    exec: (...command) => runc('exec', id, ...command),
    async terminate() {
      const exited = once(child, 'exit');
      runc('kill', id, 'TERM');
      await exited;
      return child.exitCode;
    },
  };
}

function runc(...args: readonly string[]): string {
  return execFileSync('runc', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

async function readUntilReady(child: ChildProcess): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  await new Promise<void>((ready, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the container ended with status ${code}: ${JSON.stringify(lines)}`)),
    );
    if (child.stdout === null) throw new Error('the output of the container is not on a pipe');
    createInterface(child.stdout).on('line', (text) => {
      const line = JSON.parse(text);
      lines.push(line);
      if (line.msg === 'ready') ready();
    });
  });
  return lines;
}

interface Paths {
  readonly id: string;
  readonly root: string;
  readonly shared: string;
}

/** In the form of the OCI's runtime specification, 1.0. */
function specification(target: Target, { id, root, shared }: Paths, options: ContainerOptions) {
  const { Env, Entrypoint, Cmd, User, WorkingDir } = imageConfig(target);
  const [uid, gid] = User.split(':').map(Number);
  const { place, flags = [], environment = {} } = options;
  const given = {
    ...place.environment,
    ...environment,
    OMEGA_BROKER: place.broker,
    OMEGA_MONGO_URL: place.mongoUrl,
  };
  const none: string[] = [];
  return {
    ociVersion: '1.0.2',
    hostname: id,
    root: { path: root, readonly: true },
    process: {
      user: { uid, gid },
      cwd: WorkingDir,
      args: [...Entrypoint, ...Cmd, ...TASK_MODULES, '-Q', place.queue, '--http-port', '0', ...flags],
      env: [...Env, ...Object.entries(given).map(([name, value]) => `${name}=${value}`)],
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'nodev', 'ro'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] },
      { destination: '/app/dist/test', type: 'bind', source: resolve('dist/test'), options: ['rbind', 'ro'] },
      { destination: shared, type: 'bind', source: shared, options: ['rbind', 'rw'] },
    ],
    linux: {
      // The network is the host's: the servers of the tests are there.
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: resources(options),
    },
  };
}

function resources({ memory, cpus }: ContainerOptions) {
  return {
    ...(memory !== undefined && { memory: { limit: memory, swap: memory } }),
    ...(cpus !== undefined && { cpu: { quota: cpus * CPU_PERIOD, period: CPU_PERIOD } }),
  };
}
