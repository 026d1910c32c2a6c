/** The supervisor's connections to MongoDB. Executors have their own. */
import type { Instruments } from './instruments.ts';

interface Connections {
  readonly available: number;
  readonly checkedOut: number;
  readonly pending: number;
}

export function addMongoGauges({ gauges }: Instruments, read: () => Connections): void {
  gauges(
    'omega_mongodb_pool_connections',
    'Connections to MongoDB that are free and in use, and operations that wait for one',
    'state',
    () => {
      const { available, checkedOut, pending } = read();
      return [
        ['available', available],
        ['checked_out', checkedOut],
        ['pending', pending],
      ];
    },
  );
}
