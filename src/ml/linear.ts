/** `MultivariateLinearRegression`: ordinary least squares of any number of features and targets. */
import { MultivariateLinearRegression } from 'ml-regression';
import { z } from 'zod';
import { CorruptObject } from '../errors.ts';
import type { Estimator, ImportedEstimator } from './estimator.ts';
import { fieldsOf, isOfClass, positionalFeatures } from './library-class.ts';
import { linearEstimator } from './linear-estimator.ts';
import { linearState } from './linear-state.ts';
import { parseWith } from './options.ts';
import { float64Array, type ModelState } from './state.ts';

const NAME = 'MultivariateLinearRegression';

export interface LinearOptions {
  /** Default true. */
  readonly intercept: boolean;
}

/** `statistics` is accepted; standard errors are not computed. */
const schema = z.strictObject({ intercept: z.boolean().default(true), statistics: z.boolean().optional() });

function parseOptions(options: unknown): LinearOptions {
  return { intercept: parseWith(schema, options, NAME).intercept };
}

/** Linear regression. */
export const linearRegression: Estimator<LinearOptions> = {
  ...linearEstimator(NAME),
  parseOptions,
  accepts: (instance) => isOfClass(instance, MultivariateLinearRegression),
  fromInstance,
  toInstance,
};

/** The library keeps a row of weights for each feature, and the intercepts as the last row. */
function fromInstance(instance: unknown): ImportedEstimator<LinearOptions> {
  const { weights, inputs, outputs, intercept } = fieldsOf(instance);
  const options = parseOptions({ intercept });
  if (weights === undefined) return { options, state: null };
  const rows = z.array(z.array(z.number())).safeParse(weights);
  const width = Number(inputs);
  const targets = Array.from({ length: Number(outputs) }, (_, j) => j);
  if (!rows.success || rows.data.length < width) {
    throw new CorruptObject(`the ${NAME} has weights that cannot be read: fit it with ml-regression 6`);
  }
  const columns = targets.map((j) => rows.data.map((row) => row[j] ?? 0));
  const meta = {
    estimator: NAME,
    options,
    features: positionalFeatures(width),
    named: false,
    target: { names: targets.map(String), classes: null },
  };
  const fit = {
    weights: Float64Array.from(columns.flatMap((column) => column.slice(0, width))),
    intercepts: Float64Array.from(columns, (column) => column[width] ?? 0),
  };
  return { options, state: linearState(meta, fit) };
}

function toInstance(options: LinearOptions, state: ModelState | null): object {
  if (!state) return MultivariateLinearRegression;
  const intercepts = [...float64Array(state, 'intercepts')];
  const weights = float64Array(state, 'weights');
  const inputs = weights.length / intercepts.length;
  const rows = Array.from({ length: inputs }, (_, i) => intercepts.map((_, j) => weights[j * inputs + i]));
  const instance = MultivariateLinearRegression.load({
    name: 'multivariateLinearRegression',
    weights: options.intercept ? [...rows, intercepts] : rows,
    inputs,
    outputs: intercepts.length,
    intercept: options.intercept,
  });
  // A loaded instance claims statistics it does not have, and its toJSON fails on them.
  return Object.assign(instance, { statistics: false });
}
