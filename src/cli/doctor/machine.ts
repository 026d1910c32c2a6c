/** What the doctor finds about the machine, or the container, that a worker would run in. */
import type { Settings } from '../../config.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import { packageVersion } from '../../package-version.ts';
import { type Capacity, capacityOf } from '../../worker/capacity.ts';
import { type Finding, isLoopback, reporter } from './finding.ts';

const MIB = 2 ** 20;
/** MiB for the supervisor, and for an executor with everything that a task may load. */
const SUPERVISOR_MIB = 100;
const EXECUTOR_MIB = 120;
/** What tasks of the optional packages need. */
const OPTIONAL = [
  { name: 'onnxruntime-node', file: 'onnxruntime-node', use: 'ONNX models' },
  { name: 'deno', file: 'deno/package.json', use: 'TypeScript notebooks' },
];

const { ok, warning, failure } = reporter('machine');

export function examineMachine(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  return [
    ok(`omegaml-node ${packageVersion()}, Node ${process.version}`),
    memoryOf(settings),
    ...probesOf(settings, env),
    ...OPTIONAL.map(packageOf),
  ];
}

function memoryOf(settings: Settings): Finding {
  try {
    return judgeMemory(settings, capacityOf(settings));
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    return failure(error.message, 'a worker ends with this error');
  }
}

function judgeMemory({ autoscale }: Settings, capacity: Capacity): Finding {
  const { cores, memory, executorKib, executorHeapMib } = capacity;
  const slots = autoscale?.[0] ?? capacity.slots;
  const available = Math.floor(memory / MIB);
  const needed = SUPERVISOR_MIB + slots * EXECUTOR_MIB;
  const text = `${slots} slots, ${cores} CPUs, ${available} MiB of memory`;
  if (available < needed)
    return failure(`${text}: too little`, `give it ${needed} MiB, or fewer slots (OMEGA_WORKER_CONCURRENCY)`);
  const heap = `${executorHeapMib} MiB of heap`;
  if (executorKib === null)
    return ok(`${text}; ${heap} and no other limit for each executor (OMEGA_WORKER_MEMORY_LIMIT)`);
  const most = SUPERVISOR_MIB + (slots * executorKib) / 1024;
  if (most <= available)
    return ok(`${text}, at most ${Math.floor(executorKib / 1024)} for each executor, ${heap} in it`);
  return warning(
    `${text}: executors may take ${Math.round(most)} MiB together`,
    'lower OMEGA_WORKER_MEMORY_LIMIT, or the number of slots',
  );
}

/** The kubelet asks from outside of the pod. */
function probesOf(
  { httpHost, httpPort }: Settings,
  env: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  if (env.KUBERNETES_SERVICE_HOST === undefined) return [];
  if (!isLoopback(httpHost) && httpPort !== 0)
    return [ok(`probes and metrics are served at ${httpHost}:${httpPort}`)];
  return [
    failure(
      `probes and metrics are served at ${httpHost}:${httpPort}, where the kubelet cannot ask`,
      'set OMEGA_HTTP_HOST=0.0.0.0 and OMEGA_HTTP_PORT',
    ),
  ];
}

function packageOf({ name, file, use }: (typeof OPTIONAL)[number]): Finding {
  try {
    import.meta.resolve(file);
    return ok(`${name} is installed, for ${use}`);
  } catch {
    return ok(`${name} is not installed: npm install ${name} for ${use}`);
  }
}
