/** The interface behind which every kind of model lives. */
import type { DataFrame } from '../frame/data-frame.ts';
import type { FitContext } from '../ml/estimator.ts';
import type { OpenBlocks } from '../ml/fit-blocks.ts';
import type { Score, ScoreOptions } from '../ml/scoring.ts';

/** A model as bytes: what lies in GridFS, and what the metadata say about it. */
export interface PackedModel {
  readonly bytes: Uint8Array;
  /** Fields for the metadata's `kind_meta`; by them the backend knows its own models again. */
  readonly kindMeta: Readonly<Record<string, unknown>>;
}

/** A model as it was found in the store. */
export interface StoredModel extends PackedModel {
  /** Its name, for messages. */
  readonly name: string;
}

/**
 * Reads, writes and runs one kind of model. An operation that is left out is one that this kind cannot do:
 * `om.models` then throws OperationNotSupported.
 *
 * @typeParam Model the backend's own form of a model, made by `fromValue` or `unpack`.
 */
export interface ModelBackend<Model = unknown> {
  /** Unique; a later backend of the same name replaces an earlier one. */
  readonly name: string;

  /** Whether this backend stores such a value. */
  supports(value: unknown): boolean;
  /** Takes over what a user puts. */
  fromValue(value: unknown): Model | Promise<Model>;
  /** What a user gets. */
  toValue(model: Model): unknown;

  /** Whether these bytes are a model of this backend. */
  recognizes(stored: StoredModel): boolean;
  /** @throws CorruptObject when the bytes are damaged. */
  unpack(stored: StoredModel): Model | Promise<Model>;
  pack(model: Model): PackedModel;

  /** False until the model can predict. */
  isFitted(model: Model): boolean;
  /** Names of the columns that the model was fitted on; null when it takes columns by position. */
  features(model: Model): readonly string[] | null;

  /** An ONNX file that predicts the same. */
  toOnnx?(model: Model): Uint8Array;

  /** Does what the first prediction would have to wait for. */
  preload?(model: Model, context: FitContext): Promise<void>;

  /** Fits a copy: `model` stays as it is. */
  fit?(model: Model, X: DataFrame, y: DataFrame, context: FitContext): Promise<Model>;
  /** Learns these rows besides those that it has learned: a copy, too. */
  partialFit?(model: Model, X: DataFrame, y: DataFrame, context: FitContext): Promise<Model>;
  /** A model of this kind, if it predicts labels or numbers as those of scikit-learn do. */
  type?(model: Model): 'classifier' | 'regressor';
  /** Whether {@link fitBlocks} learns what `fit` would of all rows at once. Default false. */
  fitsInBlocks?(model: Model): boolean;
  /** Fits a copy on rows that need not be in memory together. */
  fitBlocks?(model: Model, open: OpenBlocks, context: FitContext): Promise<Model>;
  /** One column per target. */
  predict?(model: Model, X: DataFrame, context: FitContext): Promise<DataFrame>;
  /** One column per class, named by the class. */
  predictProba?(model: Model, X: DataFrame, context: FitContext): Promise<DataFrame>;
  score?(
    model: Model,
    X: DataFrame,
    y: DataFrame,
    context: FitContext,
    options?: ScoreOptions,
  ): Promise<Score>;
}
