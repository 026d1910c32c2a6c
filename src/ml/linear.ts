/** `MultivariateLinearRegression`: ordinary least squares of any number of features and targets. */
import { MultivariateLinearRegression } from 'ml-regression';
import { z } from 'zod';
import type { Kernel } from '../contract/threads.ts';
import { CorruptObject } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows, type Range } from './chunks.ts';
import type { Estimator, FitContext, ImportedEstimator } from './estimator.ts';
import { designMatrix, learnFeatures, type MissingValues } from './features.ts';
import { leastSquares } from './least-squares.ts';
import { fieldsOf, isOfClass, positionalFeatures } from './library-class.ts';
import { linearScores } from './onnx-export/linear.ts';
import { declareNumbers } from './onnx-export/outputs.ts';
import { parseWith } from './options.ts';
import { float64Array, type ModelState } from './state.ts';
import { numberFrame, numericTarget } from './target.ts';

const NAME = 'MultivariateLinearRegression';
const MISSING: MissingValues = { estimator: NAME, allowed: false };

export interface LinearOptions {
  /** Default true. */
  readonly intercept: boolean;
}

/** `statistics` is accepted; standard errors are not computed. */
const schema = z.strictObject({ intercept: z.boolean().default(true), statistics: z.boolean().optional() });

function parseOptions(options: unknown): LinearOptions {
  return { intercept: parseWith(schema, options, NAME).intercept };
}

/** Linear regression; `y` may have several columns. */
export const linearRegression: Estimator<LinearOptions> = {
  name: NAME,
  type: 'regressor',
  parseOptions,
  accepts: (instance) => isOfClass(instance, MultivariateLinearRegression),
  fromInstance,
  toInstance,
  fit: async (options, X, y, context) => {
    const features = learnFeatures(X);
    const { target, values } = numericTarget(X, y, 'any');
    const { columns } = designMatrix(X, { features, named: true }, MISSING);
    const { weights, intercepts } = await leastSquares(columns, values, options, context);
    return {
      meta: { estimator: NAME, options, features, named: true, target },
      arrays: { weights: concatFloat64([weights]), intercepts: concatFloat64([intercepts]) },
    };
  },
  predict: async (state, X, context) => {
    const { columns } = designMatrix(X, state.meta, MISSING);
    return numberFrame(state.meta.target, X, await predictLinear(state, columns, X.rowCount, context));
  },
  toGraph: (state, graph, X) => declareNumbers(graph, state.meta.target, linearScores(graph, X, state)),
};

interface PredictInput {
  readonly columns: readonly Float64Array[];
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  readonly rows: Range;
  /** One array per target; rows of this call are filled in. */
  readonly output: readonly Float64Array[];
}

const CHUNK_ROWS = 65_536;

export const linearPredictKernel: Kernel<PredictInput, void> = { name: 'linear.predict', run: predictRows };

async function predictLinear(
  state: ModelState,
  columns: readonly Float64Array[],
  rowCount: number,
  context: FitContext,
): Promise<Float64Array[]> {
  const weights = float64Array(state, 'weights');
  const intercepts = float64Array(state, 'intercepts');
  const output = Array.from(intercepts, () => allocateFloat64(rowCount));
  await mapRows(context, linearPredictKernel, rowCount, CHUNK_ROWS, (rows) => {
    return { columns, weights, intercepts, rows, output };
  });
  return output;
}

function predictRows({ columns, weights, intercepts, rows, output }: PredictInput): void {
  output.forEach((values, j) => {
    values.fill(intercepts[j] as number, rows.start, rows.end);
    columns.forEach((column, i) => {
      const weight = weights[j * columns.length + i] as number;
      for (let row = rows.start; row < rows.end; row += 1) {
        values[row] = (values[row] as number) + weight * (column[row] as number);
      }
    });
  });
}

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
  return {
    options,
    state: {
      meta: {
        estimator: NAME,
        options,
        features: positionalFeatures(width),
        named: false,
        target: { names: targets.map(String), classes: null },
      },
      arrays: {
        weights: concatFloat64(columns.map((column) => Float64Array.from(column.slice(0, width)))),
        intercepts: concatFloat64([Float64Array.from(columns, (column) => column[width] ?? 0)]),
      },
    },
  };
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
