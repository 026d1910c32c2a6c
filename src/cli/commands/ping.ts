/** `omega ping`: a task that does nothing, there and back. */
import type { Command } from 'commander';
import type { Omega } from '../../omega.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { parsePositive } from '../numbers.ts';
import { print } from '../output.ts';
import { SEND_TO_QUEUE } from '../queue-options.ts';

interface PingOptions extends GlobalOptions {
  readonly count: number;
  readonly timeout: number;
  readonly queue?: string;
}

interface RoundTrip {
  readonly worker: string;
  readonly milliseconds: number;
}

export function addPingCommand(program: Command): void {
  const ping = program
    .command('ping')
    .summary('send a task there and back')
    .description('Sends a task that does nothing; shows who answered, and how fast.')
    .option('-n, --count <n>', 'how often', parsePositive, 1)
    .option('-t, --timeout <seconds>', 'how long to wait for each answer', parsePositive, 10)
    .option(...SEND_TO_QUEUE);
  ping.action(async () => {
    const options = ping.optsWithGlobals<PingOptions>();
    await withOmega(ping, (om) => pingWorkers(om, options));
  });
}

async function pingWorkers(om: Omega, options: PingOptions): Promise<void> {
  const trips: RoundTrip[] = [];
  for (let i = 0; i < options.count; i += 1) {
    const trip = await pingOnce(om, options);
    trips.push(trip);
    if (!options.json) print(options, trip, `${trip.worker}: ${trip.milliseconds.toFixed(1)} ms`);
  }
  const median = trips.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)[trips.length >> 1];
  if (options.json) print(options, { trips, median }, '');
  else if (trips.length > 1) print(options, median, `median ${median?.toFixed(1)} ms of ${trips.length}`);
}

async function pingOnce(om: Omega, { queue, timeout }: PingOptions): Promise<RoundTrip> {
  const start = performance.now();
  const { worker } = await om.runtime
    .ping(queue === undefined ? {} : { queue })
    .get({ timeout: timeout * 1000 });
  return { worker, milliseconds: performance.now() - start };
}
