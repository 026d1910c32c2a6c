/** Data sets and scikit-learn's recorded answers for the tests of src/ml. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { DataFrame } from '../../src/frame/data-frame.ts';
import type { Estimator, FitContext } from '../../src/ml/estimator.ts';
import { estimators } from '../../src/ml/estimators.ts';
import type { ModelState } from '../../src/ml/state.ts';
import { inlineThreads } from './inline-threads.ts';

/** Physiological measures of 442 patients (scikit-learn, BSD) and what scikit-learn 1.9 made of them. */
export interface Diabetes {
  readonly columns: Record<string, number[]>;
  readonly y: number[];
  readonly linear: { readonly coef: number[]; readonly intercept: number; readonly r2: number };
  readonly tree: { readonly predictions: number[] };
  readonly forest: { readonly r2: number };
  readonly sexOneHot: { readonly coef: number[]; readonly intercept: number };
  readonly kernelRidge: { readonly predictions: number[] };
}

/** Fisher's iris flowers (scikit-learn, BSD) and what scikit-learn 1.9 made of them. */
export interface Iris {
  readonly columns: Record<string, number[]>;
  readonly species: string[];
  readonly forest: { readonly accuracy: number; readonly importances: number[] };
}

/** What scikit-learn 1.9 found of a linear model. */
export interface Found {
  readonly options: object;
  readonly coef: number[][];
  readonly intercept: number[];
}

export function readMlFixture<Fixture>(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as Fixture;
}

/** The rows whose number is (or is not) a multiple of `n`. */
export function everyNth(frame: DataFrame, n: number, isMultiple: boolean): DataFrame {
  const rows = Array.from({ length: frame.rowCount }, (_, row) => row);
  return frame.take(rows.filter((row) => (row % n === 0) === isMultiple));
}

/** @throws Error when there is none of this name. */
export function estimatorOf(name: string): Estimator {
  const estimator = estimators.get(name);
  if (estimator) return estimator;
  throw new Error(`no estimator ${name}`);
}

export function contextOf(cores = 2): FitContext {
  return { threads: inlineThreads(cores) };
}

export interface Fitted {
  readonly estimator: Estimator;
  readonly state: ModelState;
}

/** Fits an estimator by name. */
export async function fitted(
  name: string,
  X: DataFrame,
  y: DataFrame,
  options: object = {},
  context = contextOf(),
): Promise<Fitted> {
  const estimator = estimatorOf(name);
  return { estimator, state: await estimator.fit(estimator.parseOptions(options), X, y, context) };
}

/** The predicted values of the first target. */
export async function predicted({ estimator, state }: Fitted, X: DataFrame): Promise<unknown[]> {
  const prediction = await estimator.predict(state, X, contextOf());
  return prediction.toRows().map((row) => Object.values(row)[0]);
}

export function frame(columns: Readonly<Record<string, readonly unknown[]>>): DataFrame {
  return DataFrame.fromObject(columns);
}

/** Relative, or absolute below 1. */
export function expectClose(
  values: ArrayLike<number> | undefined,
  expected: readonly number[],
  tolerance: number,
): void {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((values?.[i] ?? Number.NaN) - value)).toBeLessThan(
      tolerance * Math.max(1, Math.abs(value)),
    );
  });
}

export function expectCoefficients({ state }: Fitted, { coef, intercept }: Found, tolerance: number): void {
  expectClose(state.arrays.weights, coef.flat(), tolerance);
  expectClose(state.arrays.intercepts, intercept, tolerance);
}
