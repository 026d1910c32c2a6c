/** The two connections to the broker. */
import type { Instruments } from './instruments.ts';

export interface BrokerReadings {
  connected(): boolean;
  blocked(): boolean;
  /** How often each connection was restored so far. */
  reconnects(): Readonly<Record<string, number>>;
}

export function addBrokerGauges({ gauge, counts }: Instruments, broker: BrokerReadings): void {
  gauge('omega_broker_connected', '1 while both broker connections are open', () =>
    Number(broker.connected()),
  );
  gauge('omega_broker_blocked', '1 while the broker takes no messages: it is short of memory or disk', () =>
    Number(broker.blocked()),
  );
  counts('omega_broker_reconnects_total', 'Connections that were lost and found again', 'connection', () =>
    Object.entries(broker.reconnects()),
  );
}
