/** The parts of a worker around its node: each with the settings, and what it needs of the others. */
import type { Broker } from '../broker/broker.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import type { Environment } from '../secret-files.ts';
import { type Autoscaler, startAutoscaler } from './autoscale.ts';
import { createControlledWorker, type WorkerParts } from './controlled-worker.ts';
import { sayDeletionCost } from './deletion-cost.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { Intake } from './intake.ts';
import type { WorkerNode } from './node.ts';
import { openPod } from './pod.ts';
import { answerControl } from './remote-control.ts';
import { createSelfPing } from './self-ping.ts';

/** Null where remote control is off. */
export function openRemoteControl(node: WorkerNode, parts: WorkerParts): Mailbox | null {
  const { settings, metrics, logger } = node;
  const { remoteControl: policy } = settings;
  if (policy === 'off') return null;
  const { broker } = parts;
  const onCommand = metrics.commanded;
  return answerControl(createControlledWorker(node, parts), { broker, policy, logger, onCommand });
}

/** Why nobody gets an answer over the broker; null where the worker itself gets one. */
export function selfPingOf({ settings, hostname }: WorkerNode, broker: Broker): () => Promise<string | null> {
  if (settings.remoteControl === 'off') return async () => 'remote control is off';
  const { publisher, names, openControlReplies: openReplies } = broker;
  return createSelfPing({ publisher, names, openReplies }, hostname);
}

/** Says how busy the worker is. */
export function heartbeatOf({ dispatcher, settings, executors, received }: WorkerNode): Heartbeat {
  return createHeartbeat({
    dispatcher,
    interval: settings.heartbeatInterval,
    active: () => executors.active.length,
    processed: () => [...received.values()].reduce((sum, { total }) => sum + total, 0),
  });
}

/** Null where the number of slots is fixed. */
export function autoscalerOf(
  { settings, executors, requests, received }: WorkerNode,
  intake: Intake,
): Autoscaler | null {
  if (!settings.autoscale) return null;
  const [most, fewest] = settings.autoscale;
  return startAutoscaler({
    range: { most, fewest },
    slots: () => executors.slots,
    load: () => loadOf(requests),
    lastReceived: () => Math.max(0, ...[...received.values()].map(({ last }) => last)),
    resize: (slots) => executors.resize(slots),
    onRange: (range) => intake.resize(range.most),
  });
}

/** Says at the pod how busy the worker is, where that is wanted; answers with what ends it. */
export async function deletionCostOf(node: WorkerNode, environment: Environment): Promise<() => void> {
  const { settings, executors, requests, logger } = node;
  if (!settings.podDeletionCost) return () => undefined;
  const pod = await openPod(settings, environment);
  const end = sayDeletionCost({
    tasks: () => Math.min(loadOf(requests), executors.slots),
    annotate: pod.annotate,
    logger,
  });
  return () => {
    end();
    pod.close();
  };
}

/** Tasks that run, wait for a slot, or are being reported. */
function loadOf(requests: WorkerNode['requests']): number {
  return [...requests.keys()].filter(({ waitingSince }) => waitingSince !== null).length;
}
