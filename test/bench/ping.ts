/** Round trip of a task that does nothing, one at a time: our worker and Celery's, by the same client. */
import type { Omega } from '../../src/index.ts';
import { type Contestant, median, QUEUES, sideBySide } from './side-by-side.ts';

const WARM_UP = 50;
const ROUNDS = 5;
const PINGS = 200;

await sideBySide(async (om) => {
  const times: Record<Contestant, number[]> = { omega: [], celery: [] };
  await roundTrips(om, 'omega', WARM_UP);
  await roundTrips(om, 'celery', WARM_UP);
  for (let round = 0; round < ROUNDS; round += 1) {
    times.omega.push(...(await roundTrips(om, 'omega', PINGS)));
    times.celery.push(...(await roundTrips(om, 'celery', PINGS)));
  }
  const [ours, celerys] = [median(times.omega), median(times.celery)];
  console.log(`omega   ${ours.toFixed(2)} ms`);
  console.log(`celery  ${celerys.toFixed(2)} ms`);
  console.log(`median round trip: ours takes ${(ours / celerys).toFixed(2)} of Celery's`);
});

async function roundTrips(om: Omega, contestant: Contestant, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = performance.now();
    await om.runtime.send('bench.empty', [], {}, { queue: QUEUES[contestant] });
    times.push(performance.now() - start);
  }
  return times;
}
