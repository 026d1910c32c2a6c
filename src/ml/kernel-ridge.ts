/** `KernelRidgeRegression`, computed by ml-regression in a thread. */
import { KernelRidgeRegression } from 'ml-regression';
import { z } from 'zod';
import type { Kernel } from '../contract/threads.ts';
import { CorruptObject, InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows, type Range } from './chunks.ts';
import type { Estimator, ImportedEstimator } from './estimator.ts';
import { designMatrix, encodedWidth, learnFeatures, type MissingValues } from './features.ts';
import { isOfClass, positionalFeatures } from './library-class.ts';
import { kernelRidgeNumbers } from './onnx-export/kernel-ridge.ts';
import { declareNumbers } from './onnx-export/outputs.ts';
import { parseWith } from './options.ts';
import { float64Array, type ModelMeta, type ModelState } from './state.ts';
import { numberFrame, numericTarget } from './target.ts';

const NAME = 'KernelRidgeRegression';
const MISSING: MissingValues = { estimator: `a ${NAME}`, allowed: false };

/** The kernel matrix has a number for each pair of rows, and solving it takes their number cubed. */
const MAX_ROWS = 4000;

/** The polynomial and the sigmoid kernel of ml-kernel 3 cannot be constructed where packages are ECMAScript modules. */
const KERNELS = [
  'linear',
  'gaussian',
  'rbf',
  'anova',
  'cauchy',
  'exponential',
  'histogram',
  'min',
  'laplacian',
  'multiquadratic',
  'rational',
] as const;

const schema = z.strictObject({
  /** Strength of the penalty on large weights. Default 0.1. */
  lambda: z.number().min(0).default(0.1),
  /** Default `gaussian`. */
  kernelType: z.enum(KERNELS).default('gaussian'),
  /** Options of ml-kernel's kernels, such as `sigma`. Default none. */
  kernelOptions: z.record(z.string(), z.number()).default({}),
  computeCoefficient: z.boolean().optional(),
});

export type KernelRidgeOptions = z.infer<typeof schema>;

function parseOptions(options: unknown): KernelRidgeOptions {
  return parseWith(schema, options, NAME);
}

/** Kernel ridge regression of up to {@link MAX_ROWS} rows. */
export const kernelRidge: Estimator<KernelRidgeOptions> = {
  name: NAME,
  type: 'regressor',
  parseOptions,
  accepts: (instance) => isOfClass(instance, KernelRidgeRegression),
  fromInstance,
  toInstance: (options, state) => (state ? load(kernelRidgeModel(state, options)) : KernelRidgeRegression),
  fit: async (options, X, y, { threads, signal }) => {
    if (X.rowCount > MAX_ROWS) {
      throw new InvalidData(
        `X has ${X.rowCount} rows and a ${NAME} takes at most ${MAX_ROWS}: fit it on a sample, or use a RandomForestRegression`,
      );
    }
    const features = learnFeatures(X);
    const { target, values } = numericTarget(X, y, 'any');
    const { columns } = designMatrix(X, { features, named: true }, MISSING);
    const fitted = await threads.run(kernelRidgeFitKernel, { columns, targets: values, options }, signal);
    if (!fitted.alpha.every(Number.isFinite)) throw singular(options);
    return {
      meta: { estimator: NAME, options, features, named: true, target },
      arrays: { ...fitted },
    };
  },
  predict: async (state, X, context) => {
    const options = parseOptions(state.meta.options);
    const { columns } = designMatrix(X, state.meta, MISSING);
    const output = state.meta.target.names.map(() => allocateFloat64(X.rowCount));
    const model = kernelRidgeModel(state, options);
    await mapRows(context, kernelRidgePredictKernel, X.rowCount, CHUNK_ROWS, (rows) => {
      return { columns, model, rows, output };
    });
    return numberFrame(state.meta.target, X, output);
  },
  toGraph: (state, graph, X) => {
    const model = kernelRidgeModel(state, parseOptions(state.meta.options));
    declareNumbers(graph, state.meta.target, kernelRidgeNumbers(graph, X, model));
  },
};

const CHUNK_ROWS = 512;

/** What the library's `load` takes, its matrices as rows in one array. */
export interface KernelRidgeModel {
  readonly alpha: Float64Array;
  readonly inputs: Float64Array;
  readonly targetCount: number;
  readonly width: number;
  readonly options: KernelRidgeOptions;
}

interface FitInput {
  readonly columns: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  readonly options: KernelRidgeOptions;
}

interface PredictInput {
  readonly columns: readonly Float64Array[];
  readonly model: KernelRidgeModel;
  readonly rows: Range;
  readonly output: readonly Float64Array[];
}

export const kernelRidgeFitKernel: Kernel<FitInput, { alpha: Float64Array; inputs: Float64Array }> = {
  name: 'fit.KernelRidgeRegression',
  run: ({ columns, targets, options }) => {
    const inputs = rowsOf(columns, 0, columns[0]?.length ?? 0);
    const outputs = rowsOf(targets, 0, inputs.length);
    return { alpha: flatten(solve(inputs, outputs, options)), inputs: flatten(inputs) };
  },
};

export const kernelRidgePredictKernel: Kernel<PredictInput, void> = {
  name: 'predict.KernelRidgeRegression',
  run: ({ columns, model, rows, output }) => {
    const predicted = load(model).predict(rowsOf(columns, rows.start, rows.end));
    z.array(z.array(z.number()))
      .parse(predicted)
      .forEach((answers, i) => {
        output.forEach((values, j) => {
          values[rows.start + i] = answers[j] ?? Number.NaN;
        });
      });
  },
};

function solve(inputs: number[][], outputs: number[][], options: KernelRidgeOptions): number[][] {
  try {
    return readInstance(new KernelRidgeRegression(inputs, outputs, options)).alpha;
  } catch (error) {
    throw singular(options, error);
  }
}

function singular({ lambda }: KernelRidgeOptions, cause?: unknown): InvalidData {
  return new InvalidData(
    `the kernel matrix of a ${NAME} is singular: raise lambda above ${lambda}, or drop duplicate rows`,
    { cause },
  );
}

function load({ alpha, inputs, targetCount, width, options }: KernelRidgeModel) {
  return KernelRidgeRegression.load({
    name: 'kernelRidgeRegression',
    alpha: unflatten(alpha, targetCount),
    inputs: unflatten(inputs, width),
    kernelType: options.kernelType,
    kernelOptions: options.kernelOptions,
  });
}

function kernelRidgeModel(state: ModelState, options: KernelRidgeOptions): KernelRidgeModel {
  return {
    alpha: float64Array(state, 'alpha'),
    inputs: float64Array(state, 'inputs'),
    targetCount: state.meta.target.names.length,
    width: encodedWidth(state.meta.features),
    options,
  };
}

const instanceFields = z.object({
  alpha: z.array(z.array(z.number())).min(1),
  inputs: z.array(z.array(z.number())).min(1),
  kernelType: z.string(),
  kernelOptions: z.record(z.string(), z.number()),
});

/** @throws CorruptObject */
function readInstance(instance: unknown): z.infer<typeof instanceFields> {
  const parsed = instanceFields.safeParse(JSON.parse(JSON.stringify(instance)));
  if (parsed.success) return parsed.data;
  throw new CorruptObject(`the ${NAME} cannot be read: fit it with ml-regression 6`);
}

function fromInstance(instance: unknown): ImportedEstimator<KernelRidgeOptions> {
  if (typeof instance === 'function') return { options: parseOptions({}), state: null };
  const { alpha, inputs, kernelType, kernelOptions } = readInstance(instance);
  const options = parseOptions({ kernelType, kernelOptions });
  const meta: ModelMeta = {
    estimator: NAME,
    options,
    features: positionalFeatures(inputs[0]?.length ?? 0),
    named: false,
    target: { names: (alpha[0] ?? []).map((_, j) => String(j)), classes: null },
  };
  return { options, state: { meta, arrays: { alpha: flatten(alpha), inputs: flatten(inputs) } } };
}

function rowsOf(columns: readonly Float64Array[], start: number, end: number): number[][] {
  return Array.from({ length: end - start }, (_, i) => columns.map((column) => column[start + i] as number));
}

function flatten(rows: readonly (readonly number[])[]): Float64Array {
  return concatFloat64([Float64Array.from(rows.flat())]);
}

function unflatten(values: Float64Array, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, i) => [
    ...values.subarray(i * width, (i + 1) * width),
  ]);
}
