/** Regressions of one number on one or two numbers: what they have in common. */
import type { z } from 'zod';
import type { Kernel } from '../contract/threads.ts';
import { CorruptObject, InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows, type Range } from './chunks.ts';
import type { Estimator, FitContext } from './estimator.ts';
import { designMatrix, learnFeatures } from './features.ts';
import { fieldsOf, isOfClass, positionalFeatures } from './library-class.ts';
import type { GraphBuilder } from './onnx-export/graph-builder.ts';
import { declareNumbers } from './onnx-export/outputs.ts';
import { parseWith } from './options.ts';
import { type Feature, float64Array, type ModelMeta, type ModelState, type Target } from './state.ts';
import { numberFrame, numericTarget } from './target.ts';

/** The points to fit, and their columns' names for messages. */
interface Points {
  readonly x: Float64Array;
  /** The second variable; empty for a function of one. */
  readonly x2: Float64Array;
  readonly y: Float64Array;
  readonly xName: string;
  readonly yName: string;
}

/** A function of one or two numbers with parameters to be fitted. */
export interface Curve<Options extends object> {
  /** The class name in ml-regression. */
  readonly name: string;
  readonly schema: z.ZodType<Options>;
  /** How many variables it has. */
  readonly width: 1 | 2;
  /** @throws InvalidData when the points do not determine the parameters. */
  fit(points: Points, options: Options, context: FitContext): Promise<readonly number[]>;
  /** The function itself. */
  predictor(params: Float64Array, options: Options): (x: number, x2: number) => number;
  /** The same in an ONNX model: a matrix of one column, from X with a column for each variable. */
  formula(graph: GraphBuilder, X: string, params: Float64Array, options: Options): string;
  /** What the library's `load` takes. */
  toModel(params: Float64Array, options: Options): object;
  /** From the fields of a fitted instance; null if they are of another form. */
  fromFields(fields: Readonly<Record<string, unknown>>): CurveFit<Options> | null;
}

interface CurveFit<Options> {
  readonly options: Options;
  readonly params: readonly number[];
}

interface LibraryClass {
  readonly name: string;
  load(model: object): object;
}

/** The estimator of a curve. @param kernel the curve's {@link curveKernel}. */
export function curveEstimator<Options extends object>(
  curve: Curve<Options>,
  libraryClass: LibraryClass,
  kernel: Kernel<CurveInput, void>,
): Estimator<Options> {
  const { name } = curve;
  const parseOptions = (options: unknown) => parseWith(curve.schema, options, name);
  return {
    name,
    type: 'regressor',
    parseOptions,
    accepts: (instance) => isOfClass(instance, libraryClass),
    fromInstance: (instance) => {
      if (typeof instance === 'function') return { options: parseOptions({}), state: null };
      const fit = curve.fromFields(fieldsOf(instance));
      if (!fit) throw new CorruptObject(`the ${name} cannot be read: fit it with ml-regression 6`);
      const target = { names: ['0'], classes: null };
      const described = { features: positionalFeatures(curve.width), named: false, target };
      return { options: fit.options, state: stateOf(name, fit, described) };
    },
    toInstance: (options, state) => {
      return state ? libraryClass.load(curve.toModel(float64Array(state, 'params'), options)) : libraryClass;
    },
    fit: async (options, X, y, context) => {
      const features = learnFeatures(X);
      const { target, values } = numericTarget(X, y, 'one');
      const { x, x2 } = variables(curve, X, { features, named: true });
      const names = { xName: X.columnNames.join(', '), yName: target.names.join(', ') };
      const params = await curve.fit({ x, x2, y: values[0] ?? x, ...names }, options, context);
      requireFinite(name, params);
      return stateOf(name, { options, params }, { features, named: true, target });
    },
    predict: async (state, X, context) => {
      const { x, x2 } = variables(curve, X, state.meta);
      const output = allocateFloat64(X.rowCount);
      const params = float64Array(state, 'params');
      await mapRows(context, kernel, X.rowCount, CHUNK_ROWS, (rows) => {
        return { params, options: state.meta.options, x, x2, rows, output };
      });
      return numberFrame(state.meta.target, X, [output]);
    },
    toGraph: (state, graph, X) => {
      const params = float64Array(state, 'params');
      const y = curve.formula(graph, X, params, parseOptions(state.meta.options));
      declareNumbers(graph, state.meta.target, y);
    },
  };
}

const CHUNK_ROWS = 65_536;

export interface CurveInput {
  readonly params: Float64Array;
  readonly options: unknown;
  readonly x: Float64Array;
  readonly x2: Float64Array;
  readonly rows: Range;
  /** Rows of this call are filled in. */
  readonly output: Float64Array;
}

/** Predicts with a curve, in a thread. */
export function curveKernel<Options extends object>(curve: Curve<Options>): Kernel<CurveInput, void> {
  return {
    name: `predict.${curve.name}`,
    run: ({ params, options, x, x2, rows, output }) => {
      const predict = curve.predictor(params, parseWith(curve.schema, options, curve.name));
      for (let row = rows.start; row < rows.end; row += 1) {
        output[row] = predict(x[row] as number, x2[row] as number);
      }
    },
  };
}

/** @throws InvalidData unless every value is above zero. */
export function requirePositive(name: string, values: Float64Array, column: string): void {
  const count = values.reduce((sum, value) => sum + Number(value <= 0), 0);
  if (count === 0) return;
  throw new InvalidData(
    `column '${column}' has ${count} values that are zero or below, of which a ${name} cannot take the logarithm: drop those rows, or use a PolynomialRegression`,
  );
}

function stateOf<Options>(
  estimator: string,
  { options, params }: CurveFit<Options>,
  described: { readonly features: readonly Feature[]; readonly named: boolean; readonly target: Target },
): ModelState {
  return {
    meta: { estimator, options, ...described },
    arrays: { params: concatFloat64([Float64Array.from(params)]) },
  };
}

function variables(
  { name, width }: Pick<Curve<object>, 'name' | 'width'>,
  X: DataFrame,
  meta: Pick<ModelMeta, 'features' | 'named'>,
): { x: Float64Array; x2: Float64Array } {
  const { features } = meta;
  if (features.length !== width || features.some(({ categories }) => categories)) {
    const wanted = width === 1 ? 'one column of numbers' : 'two columns of numbers';
    throw new InvalidData(
      `a ${name} takes ${wanted} and X has ${features.length} columns (${X.columnNames.join(', ')}): select them, for example as name[column], or use a MultivariateLinearRegression`,
    );
  }
  const none = new Float64Array(0);
  const [x = none, x2 = none] = designMatrix(X, meta, { estimator: `a ${name}`, allowed: false }).columns;
  return { x, x2 };
}

function requireFinite(name: string, params: readonly number[]): void {
  if (params.every(Number.isFinite)) return;
  throw new InvalidData(
    `the fit of a ${name} goes beyond the range of doubles: scale X and y down, or choose another regression`,
  );
}
