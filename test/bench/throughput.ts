/** Tasks that do nothing, a second: through our worker and Celery's, sent and awaited by the same client. */
import type { Omega } from '../../src/index.ts';
import { type Contestant, median, QUEUES, sideBySide } from './side-by-side.ts';

const WARM_UP = 500;
const ROUNDS = 5;
const TASKS = 5_000;
/** How many are on their way at a time: enough to keep both workers busy, few enough for any broker. */
const IN_FLIGHT = 1_000;

await sideBySide(async (om) => {
  const rates: Record<Contestant, number[]> = { omega: [], celery: [] };
  await tasksPerSecond(om, 'omega', WARM_UP);
  await tasksPerSecond(om, 'celery', WARM_UP);
  for (let round = 1; round <= ROUNDS; round += 1) {
    rates.omega.push(await tasksPerSecond(om, 'omega', TASKS));
    rates.celery.push(await tasksPerSecond(om, 'celery', TASKS));
    console.log(
      `round ${round}: omega ${rates.omega.at(-1)?.toFixed(0)}/s, celery ${rates.celery.at(-1)?.toFixed(0)}/s`,
    );
  }
  const [ours, celerys] = [median(rates.omega), median(rates.celery)];
  console.log(`omega   ${ours.toFixed(0)} tasks/s`);
  console.log(`celery  ${celerys.toFixed(0)} tasks/s`);
  console.log(`median throughput: ours is ${(ours / celerys).toFixed(2)} of Celery's`);
});

async function tasksPerSecond(om: Omega, contestant: Contestant, count: number): Promise<number> {
  let left = count;
  const start = performance.now();
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await om.runtime.send('bench.empty', [], {}, { queue: QUEUES[contestant] });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  return count / ((performance.now() - start) / 1000);
}
