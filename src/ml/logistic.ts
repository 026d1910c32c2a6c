/** Logistic regression of two or more classes. */
import { z } from 'zod';
import { CorruptObject, InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows } from './chunks.ts';
import { classWeightSchema, classWeightsOf, rowWeights } from './class-weights.ts';
import type { Estimator, FitContext, ImportedEstimator } from './estimator.ts';
import { designMatrix, encodedWidth, learnFeatures, requireKnownStrings } from './features.ts';
import { sampleMeans } from './least-squares.ts';
import { fieldsOf, isOfClass, positionalFeatures } from './library-class.ts';
import { applyLinear, type LinearFunction, linearFunctionOf, readLinearFunction } from './linear-function.ts';
import { refuseMissing, requireArray, rowWeightsOf } from './linear-state.ts';
import { logisticPredictKernel } from './logistic-kernels.ts';
import { type Curvature, minimizeLogistic } from './newton.ts';
import { logisticProbabilities } from './onnx-export/linear.ts';
import { declareClasses } from './onnx-export/outputs.ts';
import { parseWith } from './options.ts';
import { float64Array, type Label, type ModelMeta, type ModelState } from './state.ts';
import { type EncodedLabels, encodeLabels, labelFrame, probabilityFrame } from './target.ts';

const NAME = 'LogisticRegression';
/** The second derivatives by so many parameters are 32 MB. */
const MAX_PARAMETERS = 2000;

/** Too weak to be seen beside rows, strong enough to end. */
const WEAK_PENALTY = 1e-6;

const label = z.union([z.string(), z.number(), z.boolean()]);

const schema = z.strictObject({
  /** The inverse of the penalty, as scikit-learn's `C`. Default 1. */
  C: z.number().positive().default(1),
  /** Default true. It is not penalized. */
  intercept: z.boolean().default(true),
  /** Default null: every row counts as much. */
  classWeight: classWeightSchema.nullable().default(null),
  /** All labels, ascending, where the first rows of a fit in parts do not have them all. Default null. */
  classes: z.array(label).min(2).nullable().default(null),
  /** Default 100. */
  maxIterations: z.number().int().min(1).default(100),
});

export type LogisticOptions = z.infer<typeof schema>;

/** Logistic regression, as scikit-learn's `LogisticRegression`: `om.models.put(new LogisticRegression({ C: 0.1 }), 'churn')`. */
export class LogisticRegression {
  readonly options: Partial<LogisticOptions>;
  /** Null before the fit. Of two classes: of the second one. */
  readonly fitted: (LinearFunction & { readonly classes: readonly Label[] }) | null;

  /** @param options `C`, `intercept`, `classWeight`, `classes`, `maxIterations`. */
  constructor(options: Partial<LogisticOptions> = {}, fitted: LogisticRegression['fitted'] = null) {
    this.options = options;
    this.fitted = fitted;
  }

  /** The label of each row of encoded features. @throws NotFitted */
  predict(rows: readonly ArrayLike<number>[]): Label[] {
    const { classes = [] } = this.fitted ?? {};
    return applyLinear(NAME, this.fitted, rows).map((values) => {
      const scores = values.length === 1 ? [0, ...values] : values;
      return classes[scores.indexOf(Math.max(...scores))] ?? '';
    });
  }
}

function parseOptions(options: unknown): LogisticOptions {
  return parseWith(schema, options, NAME);
}

/** `LogisticRegression`. Fitted in parts, it keeps of earlier rows the curvature of their loss. */
export const logisticRegression: Estimator<LogisticOptions> = {
  name: NAME,
  type: 'classifier',
  weighsRows: true,
  parseOptions,
  accepts: (instance) => isOfClass(instance, LogisticRegression),
  fromInstance,
  toInstance: (options, state) => {
    const classes = state?.meta.target.classes ?? [];
    return new LogisticRegression(options, state && { ...linearFunctionOf(state), classes });
  },
  fit: fitWhole,
  partialFit: (options, state, X, y, context) => {
    return state ? extend(options, state, X, y, context) : fitWhole(options, X, y, context);
  },
  predict: async (state, X, context) =>
    labelFrame(state.meta.target, X, await probabilities(state, X, context)),
  predictProba: async (state, X, context) => {
    return probabilityFrame(state.meta.target, X, await probabilities(state, X, context));
  },
  toGraph: (state, graph, X) => {
    declareClasses(graph, state.meta.target.classes ?? [], logisticProbabilities(graph, X, state));
  },
};

async function fitWhole(
  options: LogisticOptions,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<ModelState> {
  const features = context.features ?? learnFeatures(X);
  const labels = encodeLabels(X, y, options.classes);
  const meta = { estimator: NAME, options, features, named: true, target: labels.target };
  const { columns } = designMatrix(X, meta, refuseMissing(NAME));
  return fitFrom({ meta, columns, means: null, labels, prior: null }, options, context);
}

/** @throws InvalidData when the columns are not those of the first rows, or hold strings or labels that those do not. */
async function extend(
  options: LogisticOptions,
  state: ModelState,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<ModelState> {
  const { meta } = state;
  requireArray(state, 'hessian');
  requireKnownStrings(X, meta);
  const labels = encodeLabels(X, y, meta.target.classes);
  const { columns } = designMatrix(X, meta, refuseMissing(NAME));
  const means = float64Array(state, 'means');
  return fitFrom({ meta, columns, means, labels, prior: curvatureOf(state, means) }, options, context);
}

interface Rows {
  readonly meta: ModelMeta;
  readonly columns: readonly Float64Array[];
  /** Null before the first rows, which they are of. */
  readonly means: Float64Array | null;
  readonly labels: EncodedLabels;
  readonly prior: Curvature | null;
}

async function fitFrom(
  { meta, columns, means: known, labels, prior }: Rows,
  { C, intercept, classWeight, maxIterations }: LogisticOptions,
  context: FitContext,
): Promise<ModelState> {
  const { classes } = labels.target;
  const outcomeCount = classes.length === 2 ? 1 : classes.length;
  requireFeasible(meta, classes, outcomeCount);
  const sampleWeight = rowWeightsOf(labels.codes.length, context);
  const classWeights = classWeightsOf(classWeight, classes, labels.codes, sampleWeight);
  const means = known ?? firstMeans({ columns, labels, classWeights, sampleWeight, intercept });
  const rows = { columns, means, codes: labels.codes, classWeights, sampleWeight, outcomeCount };
  const counted = labels.codes.filter((code, row) => classWeights[code] !== 0 && sampleWeight?.[row] !== 0);
  const isComplete = new Set(counted).size === classes.length;
  const interceptPenalty = isComplete ? 0 : WEAK_PENALTY;
  const problem = { ...rows, penalty: 1 / C, intercept, interceptPenalty, maxIterations, prior };
  const { parameters, hessian } = await minimizeLogistic(problem, context);
  const width = columns.length;
  const weights = parameters.filter((_, at) => at % (width + 1) < width);
  const intercepts = parameters.filter((_, at) => at % (width + 1) === width);
  const arrays = {
    weights: concatFloat64([weights]),
    intercepts: concatFloat64([shifted(intercepts, weights, means, -1)]),
    means: concatFloat64([means]),
    hessian: concatFloat64([hessian]),
  };
  return { meta, arrays };
}

interface WeightedRows {
  readonly columns: readonly Float64Array[];
  readonly labels: EncodedLabels;
  readonly classWeights: Float64Array;
  readonly sampleWeight: Float64Array | null;
  readonly intercept: boolean;
}

/** What is taken from each column: nothing without intercept. @throws InvalidData when no row counts. */
function firstMeans({ columns, labels, classWeights, sampleWeight, intercept }: WeightedRows): Float64Array {
  const { codes } = labels;
  const weights = rowWeights(codes.length, sampleWeight ?? undefined, { weights: classWeights, codes });
  return intercept ? sampleMeans(columns, weights) : new Float64Array(columns.length);
}

function requireFeasible(meta: ModelMeta, classes: readonly Label[], outcomeCount: number): void {
  if (classes.length < 2) {
    throw new InvalidData(
      `y has only the label ${classes.join(', ')}, and a ${NAME} tells at least two apart: give rows of another one`,
    );
  }
  const size = (encodedWidth(meta.features) + 1) * outcomeCount;
  if (size <= MAX_PARAMETERS) return;
  throw new InvalidData(
    `a ${NAME} of ${classes.length} classes and ${encodedWidth(meta.features)} features once encoded has ${size} parameters, and at most ${MAX_PARAMETERS} are fitted: leave out columns, group labels, or use a RandomForestClassifier`,
  );
}

/** The intercepts for columns from which the means are taken (`direction` 1), or back again (-1). */
function shifted(
  intercepts: Float64Array,
  weights: Float64Array,
  means: Float64Array,
  direction: 1 | -1,
): Float64Array {
  return intercepts.map((intercept, j) => {
    return means.reduce(
      (sum, mean, i) => sum + direction * (weights[j * means.length + i] as number) * mean,
      intercept,
    );
  });
}

function curvatureOf(state: ModelState, means: Float64Array): Curvature {
  const weights = float64Array(state, 'weights');
  const intercepts = shifted(float64Array(state, 'intercepts'), weights, means, 1);
  const width = means.length;
  const parameters = new Float64Array(weights.length + intercepts.length);
  intercepts.forEach((intercept, j) => {
    parameters.set(weights.subarray(j * width, (j + 1) * width), j * (width + 1));
    parameters[j * (width + 1) + width] = intercept;
  });
  return { parameters, hessian: float64Array(state, 'hessian') };
}

/** An array for each class. */
async function probabilities(state: ModelState, X: DataFrame, context: FitContext): Promise<Float64Array[]> {
  const { columns } = designMatrix(X, state.meta, refuseMissing(NAME));
  const weights = float64Array(state, 'weights');
  const intercepts = float64Array(state, 'intercepts');
  const output = (state.meta.target.classes ?? []).map(() => allocateFloat64(X.rowCount));
  await mapRows(context, logisticPredictKernel, X.rowCount, CHUNK_ROWS, (rows) => {
    return { columns, weights, intercepts, rows, output };
  });
  return output;
}

const CHUNK_ROWS = 65_536;

/** @throws CorruptObject */
function fromInstance(instance: unknown): ImportedEstimator<LogisticOptions> {
  const { options: given, fitted } = fieldsOf(instance);
  const options = parseOptions(given);
  if (!fitted) return { options, state: null };
  const fit = readLinearFunction(fitted);
  const classes = z.array(label).min(2).safeParse(fieldsOf(fitted).classes);
  if (!fit || !classes.success) {
    throw new CorruptObject(`the ${NAME} has coefficients or classes that cannot be read: fit it again`);
  }
  const width = fit.weights.length / fit.intercepts.length;
  const meta = {
    estimator: NAME,
    options,
    features: positionalFeatures(width),
    named: false,
    target: { names: ['0'], classes: classes.data },
  };
  const arrays = { weights: concatFloat64([fit.weights]), intercepts: concatFloat64([fit.intercepts]) };
  return { options, state: { meta, arrays } };
}
