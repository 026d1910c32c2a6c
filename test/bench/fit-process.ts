/** Fits of a forest in a process of its own, for its peak memory: `fit-process.js FOLDER KIND ROWS TREES ROUNDS`. */
import { score } from '../../src/ml/scoring.ts';
import { estimatorOf, readRows, withThreads } from './estimator-data.ts';
import type { ForestFits } from './forest-fit.ts';

const [folder = '', kind, rows, trees, rounds] = process.argv.slice(2);
const fits = await fitForests(folder, kind === 'classes', Number(rows), Number(trees), Number(rounds));
console.log(JSON.stringify(fits));

/** Timed warm, as the peer is: threads have started, and their code is compiled. */
async function fitForests(
  folder: string,
  isClassifier: boolean,
  rows: number,
  trees: number,
  rounds: number,
): Promise<ForestFits> {
  const estimator = estimatorOf(isClassifier ? 'RandomForestClassifier' : 'RandomForestRegression');
  const { train, test } = readRows(folder, rows, isClassifier);
  const seconds: number[] = [];
  const cpu: number[] = [];
  return withThreads(async (context) => {
    const grow = (nEstimators: number, { X, y }: typeof train) =>
      estimator.fit(estimator.parseOptions({ nEstimators }), X, y, context);
    let state = await grow(20, { X: train.X.slice(0, 2000), y: train.y.slice(0, 2000) });
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      const before = process.cpuUsage();
      state = await grow(trees, train);
      seconds.push((performance.now() - start) / 1000);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / 1e6);
    }
    const megabytes = process.resourceUsage().maxRSS / 1024;
    const { value } = await score(estimator, state, test.X, test.y, context);
    return { seconds, cpu, score: value, megabytes };
  });
}
