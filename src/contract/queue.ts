/** What a queue or a binding is declared with beside its name: `x-…` arguments, or the headers that it matches. */
export type QueueArguments = Readonly<Record<string, unknown>>;

/** How a task queue is reached: the exchange that it is bound to, and by what key. */
export interface QueueBinding {
  readonly name: string;
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  readonly routingKey: string;
  /** What a headers exchange compares. Default: nothing. */
  readonly bindingArguments?: QueueArguments;
  /** Arguments of a queue that does not exist yet; they come before those of the settings. Default: none. */
  readonly queueArguments?: QueueArguments;
  /**
   * Marks a queue of one worker's own, which is gone with its consumer: the name that clients know it by, as they know
   * those of the other workers (kombu/common.py `Broadcast`).
   */
  readonly alias?: string;
}

export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers';

/** A queue of the setting `taskQueues`. */
export interface TaskQueue extends QueueBinding {
  /** Whether each worker has a queue of its own, and so runs every task. */
  readonly broadcast: boolean;
}

/** The binding that a task queue has by default: to the direct exchange of its own name. */
export function directBinding(queue: string): QueueBinding {
  return { name: queue, exchange: queue, exchangeType: 'direct', routingKey: queue };
}

/** Whether a queue has no other binding than every task queue. */
export function isDirectBinding({ name, exchange, exchangeType, routingKey }: QueueBinding): boolean {
  return exchange === name && exchangeType === 'direct' && routingKey === name;
}
