/**
 * The interface of all estimators: what the model backends and the tasks call. The estimators themselves
 * are listed in estimators.ts.
 */
import type { Threads } from '../contract/threads.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { GraphBuilder } from './onnx-export/graph-builder.ts';
import type { Feature, ModelState } from './state.ts';

/** Where and how a computation runs. */
export interface FitContext {
  readonly threads: Threads;
  /** Tested between chunks; the computation rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after each chunk with how many steps (trees, blocks of rows) are done, and of how many. */
  onProgress?(done: number, total: number): void;
  /** In a fit: how much each row counts, as scikit-learn's `sample_weight`. Default: all the same. */
  readonly sampleWeight?: Float64Array;
  /** In a fit of the first of several parts: the columns, with the strings of all parts. Default: those of the first. */
  readonly features?: readonly Feature[];
}

/** A library's estimator as handed in by a user: its options, and what it has learned, null if nothing yet. */
export interface ImportedEstimator<Options> {
  readonly options: Options;
  readonly state: ModelState | null;
}

/** One family of models. Pure: all it learns is in the {@link ModelState} that `fit` returns. */
export interface Estimator<Options = unknown> {
  /** The class name in `ml-random-forest` or `ml-regression`: `RandomForestClassifier`, … */
  readonly name: string;
  readonly type: 'classifier' | 'regressor';
  /** Whether a fit heeds `sampleWeight`. */
  readonly weighsRows?: boolean;
  /** Whether a fit in parts learns what a fit of all rows does. */
  readonly exactInParts?: boolean;

  /**
   * Checks options and fills in the defaults. The result is JSON; parsing it again changes nothing.
   *
   * @throws InvalidOptions
   */
  parseOptions(options: unknown): Options;

  /** Whether this is an instance of the library's class, or that class itself (an estimator not yet fitted). */
  accepts(instance: unknown): boolean;

  /**
   * Reads an instance (fitted or not) or the class. A fitted instance knows no column names: its state
   * takes columns by position.
   *
   * @throws InvalidOptions, CorruptObject
   */
  fromInstance(instance: unknown): ImportedEstimator<Options>;

  /**
   * The library's object, which predicts the same from the encoded features (strings one-hot encoded,
   * labels other than small whole numbers as 0..K-1). Without a state: an unfitted instance, or the class where it can only be made fitted.
   */
  toInstance(options: Options, state: ModelState | null): object;

  /** @throws InvalidData when columns, labels or missing values do not suit the estimator. */
  fit(options: Options, X: DataFrame, y: DataFrame, context: FitContext): Promise<ModelState>;

  /**
   * Learns these rows besides those that the state has learned; null before the first. The first rows, or
   * {@link FitContext.features}, decide on the columns and their strings. Left out where only all rows together can be learned from.
   *
   * @throws InvalidData
   */
  partialFit?(
    options: Options,
    state: ModelState | null,
    X: DataFrame,
    y: DataFrame,
    context: FitContext,
  ): Promise<ModelState>;

  /**
   * One column per target, named as the target was.
   *
   * @throws InvalidData when the columns are not those of the fit.
   */
  predict(state: ModelState, X: DataFrame, context: FitContext): Promise<DataFrame>;

  /** Classifiers only: one column per class, named by the class's label. Rows sum to 1. */
  predictProba?(state: ModelState, X: DataFrame, context: FitContext): Promise<DataFrame>;

  /** Declares the outputs of an ONNX model that predicts the same from `X`, the matrix of the encoded features. */
  toGraph(state: ModelState, graph: GraphBuilder, X: string): void;
}
