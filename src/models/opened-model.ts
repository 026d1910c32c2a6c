/** A model read from the store, ready to work. */
import { InvalidData, NotFitted, OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { FitContext } from '../ml/estimator.ts';
import type { OpenBlocks } from '../ml/fit-blocks.ts';
import type { Score, ScoreOptions } from '../ml/scoring.ts';
import type { Metadata } from '../store/metadata.ts';
import { fitAttributes, type TrainingSet } from './fit-attributes.ts';
import { scoreInBlocks, watchRows } from './fit-in-blocks.ts';
import type { ModelBackend, PackedModel } from './model-backend.ts';

interface FitOptions {
  /** Where the data came from, noted in the metadata. */
  readonly trainingSet: TrainingSet;
  /** A second fit under the same task id changes nothing. */
  readonly taskId?: string;
}

export interface OpenedModel {
  readonly name: string;
  /** Names of the datasets of the last fit, as omega|ml notes them; undefined before one. */
  readonly dataset: unknown;
  /** Names of the columns that the model was fitted on; null when it takes columns by position, or has none yet. */
  readonly features: readonly string[] | null;

  /** What `om.models.get` gives. */
  value(): unknown;
  /** Does what the first prediction would have to wait for. @throws CorruptObject, MissingDependency */
  preload(context: FitContext): Promise<void>;
  /** An ONNX file that predicts the same. @throws NotFitted, OperationNotSupported */
  toOnnx(): Buffer;
  /**
   * Fits and stores a new version, with its score on the training data, its signature and the names of the
   * datasets in the metadata.
   *
   * @throws InvalidData, OperationNotSupported
   */
  fit(X: DataFrame, y: DataFrame, context: FitContext, options: FitOptions): Promise<Metadata>;
  /** Learns these rows besides those of earlier fits, and stores a new version, as {@link fit} does. */
  partialFit(X: DataFrame, y: DataFrame, context: FitContext, options: FitOptions): Promise<Metadata>;
  /** Whether {@link fitBlocks} learns what {@link fit} would of all rows at once. */
  readonly fitsInBlocks: boolean;
  /** As {@link fit}, on rows that need not be in memory together: they are gone through twice or three times. */
  fitBlocks(blocks: OpenBlocks, context: FitContext, options: FitOptions): Promise<Metadata>;
  /** One column per target. @throws NotFitted, InvalidData, OperationNotSupported */
  predict(X: DataFrame, context: FitContext): Promise<DataFrame>;
  /** One column per class. @throws NotFitted, InvalidData, OperationNotSupported */
  predictProba(X: DataFrame, context: FitContext): Promise<DataFrame>;
  /** Whether {@link scoreBlocks} knows the usual score of such a model. */
  readonly scoresInBlocks: boolean;
  /** The usual score: accuracy or R². @throws NotFitted, InvalidData, OperationNotSupported */
  scoreBlocks(blocks: OpenBlocks, context: FitContext): Promise<Score>;
  /** @throws NotFitted, InvalidData, InvalidOptions, OperationNotSupported */
  score(X: DataFrame, y: DataFrame, context: FitContext, options?: ScoreOptions): Promise<Score>;
}

/** A model and what is needed to work with it. */
export interface LoadedModel<Model> {
  readonly metadata: Metadata;
  readonly backend: ModelBackend<Model>;
  readonly model: Model;
  /** Stores a fitted model as a new version. */
  save(version: {
    readonly model: PackedModel;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly taskId: string | undefined;
  }): Promise<Metadata>;
}

/** Binds a backend's operations to one model. */
export function openModel<Model>(loaded: LoadedModel<Model>): OpenedModel {
  const { metadata, backend, model } = loaded;
  const { name } = metadata;

  /** @throws NotFitted, InvalidData, OperationNotSupported */
  function ready<Operation>(
    operation: Operation | undefined,
    verb: string,
    ...frames: DataFrame[]
  ): Operation {
    const supported = offered(operation, verb, ...frames);
    if (backend.isFitted(model)) return supported;
    throw new NotFitted(`model '${name}' is not fitted: call om.runtime.model('${name}').fit(X, y) first`);
  }

  function offered<Operation>(
    operation: Operation | undefined,
    verb: string,
    ...frames: DataFrame[]
  ): Operation {
    if (operation === undefined) {
      throw new OperationNotSupported(
        `model '${name}' (${backend.name}) cannot ${verb}: use a model that can, or register a backend for it`,
      );
    }
    if (frames.every(({ rowCount }) => rowCount > 0)) return operation;
    throw new InvalidData(`model '${name}' cannot ${verb} on a dataset without rows: give at least one row`);
  }

  return {
    name,
    dataset: metadata.attributes.dataset,
    features: backend.features(model),
    value: () => backend.toValue(model),
    preload: async (context) => backend.preload?.(model, context),
    toOnnx() {
      const bytes = ready(backend.toOnnx, 'be exported to ONNX').call(backend, model);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    fit: async (X, y, context, options) => {
      const learn = offered(backend.fit, 'fit', X, y);
      return storeFit(loaded, () => learn.call(backend, model, X, y, context), [X, y], context, options);
    },
    partialFit: async (X, y, context, options) => {
      const learn = offered(backend.partialFit, 'be fitted in parts', X, y);
      return storeFit(loaded, () => learn.call(backend, model, X, y, context), [X, y], context, options);
    },
    fitsInBlocks: backend.fitsInBlocks?.(model) ?? false,
    fitBlocks: (blocks, context, options) => {
      const learn = offered(backend.fitBlocks, 'be fitted in blocks');
      return storeFitOfBlocks(loaded, learn, blocks, context, options);
    },
    scoresInBlocks: backend.type !== undefined,
    scoreBlocks: (blocks, context) => {
      ready(backend.score, 'score');
      return scoreBlocks(backend, model, blocks(), context);
    },
    predict: async (X, context) => ready(backend.predict, 'predict', X).call(backend, model, X, context),
    predictProba: async (X, context) =>
      ready(backend.predictProba, 'predict probabilities', X).call(backend, model, X, context),
    score: async (X, y, context, options) =>
      ready(backend.score, 'score', X, y).call(backend, model, X, y, context, options),
  };
}

/** Scores a fitted model on its rows, and stores it. */
async function storeFit<Model>(
  { backend, save }: LoadedModel<Model>,
  learn: () => Promise<Model>,
  rows: readonly [X: DataFrame, y: DataFrame],
  context: FitContext,
  { trainingSet, taskId }: FitOptions,
): Promise<Metadata> {
  const started = performance.now();
  const fitted = await learn();
  const { threads, signal } = context;
  const quiet = { threads, ...(signal ? { signal } : {}) };
  const score = (await backend.score?.(fitted, ...rows, quiet)) ?? null;
  const seconds = (performance.now() - started) / 1000;
  const measures = { score, seconds, rows: rows[0].rowCount };
  const attributes = fitAttributes(...rows, trainingSet, measures);
  return save({ model: backend.pack(fitted), attributes, taskId });
}

/** The same, of rows that are gone through twice, or three times where strings are to be known before. */
async function storeFitOfBlocks<Model>(
  { backend, model, save }: LoadedModel<Model>,
  learn: NonNullable<ModelBackend<Model>['fitBlocks']>,
  blocks: OpenBlocks,
  context: FitContext,
  { trainingSet, taskId }: FitOptions,
): Promise<Metadata> {
  const started = performance.now();
  const watched = watchRows(blocks);
  const fitted = await learn.call(backend, model, watched.blocks, context);
  const score = await scoreBlocks(backend, fitted, blocks(), context);
  const { X, y, rowCount } = watched.seen();
  const seconds = (performance.now() - started) / 1000;
  const attributes = fitAttributes(X, y, trainingSet, { score, seconds, rows: rowCount });
  return save({ model: backend.pack(fitted), attributes, taskId });
}

async function scoreBlocks<Model>(
  backend: ModelBackend<Model>,
  model: Model,
  blocks: ReturnType<OpenBlocks>,
  context: FitContext,
): Promise<Score> {
  const { predict } = backend;
  const type = backend.type?.(model);
  if (predict === undefined || type === undefined) {
    throw new OperationNotSupported(
      `a model of ${backend.name} cannot be scored in blocks: score it on fewer rows`,
    );
  }
  return await scoreInBlocks(type, (X) => predict.call(backend, model, X, context), blocks, context);
}
