/** A fit that lasts, so that something can happen to whoever runs it. */
import { RandomForestRegression } from 'ml-random-forest';
import type { Omega } from '../../src/omega.ts';

/** Datasets `X` and `y`, and an unfitted model `forest` that takes two seconds or more to grow. */
export async function putSlowFit(om: Omega): Promise<void> {
  const rows = Array.from({ length: 10_000 }, (_, i) => ({ a: Math.sin(i), b: Math.cos(i * 7), c: i % 97 }));
  await om.datasets.put(rows, 'X');
  await om.datasets.put(
    rows.map(({ a, b, c }) => ({ y: a * b + c })),
    'y',
  );
  await om.models.put(new RandomForestRegression({ nEstimators: 200, seed: 1 }), 'forest');
}

/** Whether a fit has begun and not ended: on a fast machine it tells of its progress before its start is reported. */
export async function isFitting(fit: { state(): Promise<string> }): Promise<boolean> {
  return ['STARTED', 'PROGRESS'].includes(await fit.state());
}
