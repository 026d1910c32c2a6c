/** The parts of a worker around its node: each with the settings, and what it needs of the others. */
import type { Mailbox } from '../broker/mailbox.ts';
import { type Autoscaler, startAutoscaler } from './autoscale.ts';
import { createControlledWorker, type WorkerParts } from './controlled-worker.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { Intake } from './intake.ts';
import type { WorkerNode } from './node.ts';
import { answerControl } from './remote-control.ts';

/** Null where remote control is off. */
export function openRemoteControl(node: WorkerNode, parts: WorkerParts): Mailbox | null {
  const { remoteControl: policy } = node.settings;
  if (policy === 'off') return null;
  const { broker } = parts;
  return answerControl(createControlledWorker(node, parts), { broker, policy, logger: node.logger });
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
    load: () => [...requests.keys()].filter(({ waitingSince }) => waitingSince !== null).length,
    lastReceived: () => Math.max(0, ...[...received.values()].map(({ last }) => last)),
    resize: (slots) => executors.resize(slots),
    onRange: (range) => intake.resize(range.most),
  });
}
