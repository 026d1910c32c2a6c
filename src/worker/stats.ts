/** `inspect stats` of this worker. */
import type { Broker } from '../broker/broker.ts';
import type { WorkerStats } from '../protocol/control-replies.ts';
import type { WorkerParts } from './controlled-worker.ts';
import type { WorkerNode } from './node.ts';

export function describeStats(node: WorkerNode, { broker, intake, autoscaler }: WorkerParts): WorkerStats {
  const { executors, settings, received, clock } = node;
  return {
    total: Object.fromEntries([...received].map(([name, { total }]) => [name, total])),
    pid: process.pid,
    clock: String(clock.value),
    uptime: Math.round(process.uptime()),
    pool: {
      implementation: 'omegaml-node:executors',
      'max-concurrency': executors.slots,
      processes: executors.pids,
      'max-tasks-per-child': settings.maxTasksPerExecutor ?? 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [settings.softTimeLimit ?? 0, settings.timeLimit ?? 0],
      writes: {
        strategy: 'fair',
        inqueues: { total: executors.slots, active: executors.active.length },
      },
    },
    broker: describeBroker(broker),
    prefetch_count: intake.prefetch,
    rusage: resourceUsage(),
    ...(autoscaler && { autoscaler: autoscaler.stats }),
  };
}

function describeBroker({ address, heartbeat }: Broker): WorkerStats['broker'] {
  return {
    hostname: address.hostname,
    userid: address.username,
    virtual_host: address.virtualHost,
    port: address.port,
    insist: false,
    ssl: address.protocol === 'amqps',
    transport: 'amqp',
    transport_options: {},
    login_method: 'PLAIN',
    uri_prefix: null,
    heartbeat,
    alternates: [],
    credential_provider: null,
  };
}

/** By the names of getrusage(2). */
function resourceUsage(): Record<string, number> {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
