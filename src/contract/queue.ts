/** How a task queue is reached: the exchange that it is bound to, and by what key. */
export interface QueueBinding {
  readonly name: string;
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  readonly routingKey: string;
}

export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers';
