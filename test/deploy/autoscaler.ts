/**
 * What KEDA and a HorizontalPodAutoscaler make of a ScaledObject of the chart, with all times divided by 60: the metric as
 * KEDA's RabbitMQ scaler asks for it (pkg/scalers/rabbitmq_scaler.go), and the decision as the autoscaler documents it.
 */

import { at, type Manifest } from './chart.ts';
import { askManagement, type MonitoredBroker } from './monitored-broker.ts';

/** The part of a ScaledObject that decides. Times are in milliseconds. */
export interface ScalingRule {
  readonly trigger: Readonly<Record<string, string>>;
  /** Messages for each worker. */
  readonly target: number;
  readonly least: number;
  readonly most: number;
  readonly pollEvery: number;
  /** Without any message so long, the pool goes to the least. */
  readonly cooldown: number;
  /** It never shrinks below what was wanted within this time. */
  readonly stabilization: number;
}

export interface Autoscaler {
  /** How many workers there should be. @param now - in milliseconds, on any clock */
  decide(messages: number, current: number, now: number): number;
}

/** The autoscaler ignores a difference of a tenth. */
const TOLERANCE = 0.1;
const MILLISECONDS = 1000 / 60;

/** Of a ScaledObject that has one trigger, a queue's length. */
export function scalingRule(scaledObject: Manifest): ScalingRule {
  const number = (path: string): number => Number(at(scaledObject, `spec.${path}`));
  const trigger = at(scaledObject, 'spec.triggers.0.metadata') as Readonly<Record<string, string>>;
  const behavior = 'advanced.horizontalPodAutoscalerConfig.behavior';
  return {
    trigger,
    target: Number(trigger.value),
    least: number('minReplicaCount'),
    most: number('maxReplicaCount'),
    pollEvery: number('pollingInterval') * MILLISECONDS,
    cooldown: number('cooldownPeriod') * MILLISECONDS,
    stabilization: number(`${behavior}.scaleDown.stabilizationWindowSeconds`) * MILLISECONDS,
  };
}

/** Messages in the queues of the trigger, by RabbitMQ's management API. */
export async function countMessages(broker: MonitoredBroker, { trigger }: ScalingRule): Promise<number> {
  const { vhostName = '/', queueName = '', pageSize } = trigger;
  const path = `/api/queues/${encodeURIComponent(vhostName)}`;
  const query = `page=1&use_regex=true&pagination=false&name=${encodeURIComponent(queueName)}&page_size=${pageSize}`;
  const { items } = (await askManagement(broker, `${path}?${query}`)) as { items: Record<string, number>[] };
  const field = trigger.excludeUnacknowledged === 'true' ? 'messages_ready' : 'messages';
  // A queue that is new has no statistics yet.
  return items.reduce((sum, queue) => sum + (queue[field] ?? 0), 0);
}

export function createAutoscaler(rule: ScalingRule): Autoscaler {
  const { target, least, most, cooldown, stabilization } = rule;
  let lastActive = Number.NEGATIVE_INFINITY;
  let wishes: { readonly time: number; readonly workers: number }[] = [];

  /** The autoscaler's: between one worker and the most. */
  function wish(messages: number, current: number, now: number): number {
    const ratio = messages / (target * current);
    const wanted = Math.abs(1 - ratio) <= TOLERANCE ? current : Math.ceil(messages / target);
    wishes = [...wishes.filter(({ time }) => now - time <= stabilization), { time: now, workers: wanted }];
    const stable = Math.max(...wishes.map(({ workers }) => workers));
    return Math.min(most, Math.max(1, least, wanted < current ? Math.min(current, stable) : wanted));
  }

  return {
    decide(messages, current, now) {
      if (messages > 0) lastActive = now;
      // KEDA's: from nothing to one, and back.
      if (current === 0) return messages > 0 ? Math.max(1, least) : least;
      if (messages === 0 && now - lastActive > cooldown) return least;
      return wish(messages, current, now);
    },
  };
}
