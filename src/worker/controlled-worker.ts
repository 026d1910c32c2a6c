/** This worker as remote control sees it: implements the port of the commands. */
import type { Broker } from '../broker/broker.ts';
import { loadSettings } from '../config.ts';
import type { TaskId } from '../contract/job.ts';
import type { ControlledWorker, Stamps } from '../control/controlled-worker.ts';
import { describeSettings, describeWorker } from '../control/settings.ts';
import { packageVersion } from '../package-version.ts';
import type { Autoscaler } from './autoscale.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Intake } from './intake.ts';
import { isHeld, type Request, type WorkerNode } from './node.ts';
import { configuredQueue } from './queues.ts';
import { describeQueue, describeRequest, describeScheduled } from './request-info.ts';
import { reportRevoked } from './revocation.ts';
import type { Shutdown } from './shutdown.ts';
import { describeStats } from './stats.ts';

/** The parts of a worker beside its node. */
export interface WorkerParts {
  readonly broker: Broker;
  readonly intake: Intake;
  readonly heartbeat: Heartbeat;
  readonly autoscaler: Autoscaler | null;
  readonly shutdown: Shutdown;
}

export function createControlledWorker(node: WorkerNode, parts: WorkerParts): ControlledWorker {
  const { hostname, clock, tasks, executors, settings, dispatcher } = node;
  const { intake, heartbeat, autoscaler } = parts;
  return {
    ...{ hostname, clock, tasks, autoscaler },
    builtins: [...tasks.keys()].filter((name) => name.startsWith('celery.')),
    get taskEvents() {
      return dispatcher.taskEvents;
    },
    set taskEvents(wanted) {
      dispatcher.taskEvents = wanted;
    },
    ...lists(node),
    ...revocation(node),
    queues: () => intake.queues.map((queue) => describeQueue(queue, settings)),
    stats: () => describeStats(node, parts),
    settings: (withDefaults) => describeSettings(settings, withDefaults ? null : loadSettings({})),
    report: () => describeWorker(packageVersion(), describeSettings(settings, loadSettings({}))),
    addQueue: (binding) => intake.addQueue(configuredQueue(settings, binding.name) ?? binding),
    cancelQueue: (name) => intake.cancelQueue(name),
    get slots() {
      return executors.slots;
    },
    resize(slots) {
      executors.resize(slots);
      intake.resize(executors.slots);
    },
    renew: () => executors.renew(),
    beat: (interval) => heartbeat.beat(interval),
    watch: (taskId, replyTo) => node.watches.add(taskId, replyTo),
    shutdown: () => void parts.shutdown.warm(),
  };
}

function lists(node: WorkerNode): Pick<ControlledWorker, 'active' | 'reserved' | 'scheduled'> {
  const { hostname, requests } = node;
  const those = (isMeant: (request: Request) => boolean) => [...requests.keys()].filter(isMeant);
  return {
    active: (safe = false) => those(isRunning).map((request) => describeRequest(request, hostname, safe)),
    reserved: () =>
      those((request) => !isRunning(request) && !isHeld(request)).map((request) =>
        describeRequest(request, hostname, false),
      ),
    scheduled: () => those(isHeld).map((request) => describeScheduled(request, hostname)),
  };
}

type Revocation = Pick<
  ControlledWorker,
  'revoke' | 'terminate' | 'revoked' | 'mergeRevoked' | 'revokeStamped' | 'runningWith'
>;

function revocation(node: WorkerNode): Revocation {
  const { revoked, requests, executors } = node;
  const here = (taskIds: readonly string[]): TaskId[] => {
    const wanted = new Set<string>(taskIds);
    return [...requests.keys()].map(({ message }) => message.taskId).filter((id) => wanted.has(id));
  };
  return {
    async revoke(taskIds) {
      const noted = revoked.add(taskIds);
      // What has not started comes back, and is then refused as revoked.
      executors.recall(here(taskIds));
      await Promise.all([noted, reportRevoked(node, taskIds)]);
    },
    terminate(taskIds) {
      // What comes back for another run, or waits for its ETA, must find it.
      revoked.merge(taskIds);
      const found = here(taskIds);
      for (const taskId of found) executors.terminate(taskId);
      return found;
    },
    revoked: () => revoked.list(),
    mergeRevoked: (taskIds) => revoked.merge(taskIds),
    revokeStamped: (stamps) => revoked.addStamps(stamps),
    runningWith: (stamps) =>
      new Map(
        [...requests.keys()]
          .filter(isRunning)
          .map(({ message }) => [message.taskId, commonStamps(message.stamps, stamps)] as const)
          .filter(([, common]) => Object.keys(common).length > 0),
      ),
  };
}

/** Which of the wanted stamps a task carries. */
function commonStamps(carried: Readonly<Record<string, unknown>>, wanted: Stamps): Stamps {
  const common = Object.entries(wanted).map(([name, values]) => {
    const value = Object.hasOwn(carried, name) ? carried[name] : [];
    const own: unknown[] = Array.isArray(value) ? value : [value];
    return [name, values.filter((each) => own.includes(each))] as const;
  });
  return Object.fromEntries(common.filter(([, values]) => values.length > 0));
}

function isRunning({ startedAt }: Request): boolean {
  return startedAt !== null;
}
