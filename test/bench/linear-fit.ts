/** Fits of linear regressions, and scikit-learn's of the same rows, on two cores each. */
import { estimatorOf, FEATURES, readRows, runPeer, withData, withThreads } from './estimator-data.ts';
import { type Comparison, median, pair } from './statistics.ts';

const ROWS = 100_000;
const ROUNDS = 5;
const MAX_DIFFERENCE = 1e-9;

interface Line {
  readonly seconds: number[];
  readonly coef: number[];
}

/** CPU seconds of a fit, also of columns far from zero. */
export async function linearFit(): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const offset of [0, 1e6]) {
    const data = { kind: 'line', rows: ROWS, offset } as const;
    comparisons.push(await withData(data, (folder) => compareLines(folder, offset)));
  }
  return comparisons;
}

async function compareLines(folder: string, offset: number): Promise<Comparison> {
  const peer = runPeer<Line>('linear', [folder, `${ROWS}`, `${FEATURES}`]);
  const own = await fitLines(folder);
  const differences = peer.coef.map((coef, i) => Math.abs(coef - (own.coef[i] ?? 0)) / Math.abs(coef));
  const furthest = Math.max(...differences);
  if (furthest > MAX_DIFFERENCE) throw new Error(`coefficients differ by ${furthest}`);
  const what = `linear fit of ${ROWS} x ${FEATURES}, x around ${offset}, coefficients within ${furthest.toExponential(0)}`;
  return pair(what, 's of CPU', [median(own.seconds), median(peer.seconds)], '<= 1x');
}

function fitLines(folder: string): Promise<Line> {
  const estimator = estimatorOf('MultivariateLinearRegression');
  const { X, y } = readRows(folder, ROWS, false).train;
  return withThreads(async (context) => {
    const seconds: number[] = [];
    let coef: number[] = [];
    // The first round compiles the code.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const start = process.cpuUsage();
      const state = await estimator.fit(estimator.parseOptions({}), X, y, context);
      const { user, system } = process.cpuUsage(start);
      if (round > 0) seconds.push((user + system) / 1e6);
      coef = [...(state.arrays.weights ?? [])].map(Number);
    }
    return { seconds, coef };
  });
}
