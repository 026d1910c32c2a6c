/** A model read from the store, ready to work. */
import { InvalidData, NotFitted, OperationalError, OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { FitContext } from '../ml/estimator.ts';
import type { OpenBlocks } from '../ml/fit-blocks.ts';
import type { Score, ScoreOptions } from '../ml/scoring.ts';
import type { Metadata } from '../store/metadata.ts';
import { fitAttributes, type TrainingSet } from './fit-attributes.ts';
import { scoreInBlocks, watchRows } from './fit-in-blocks.ts';
import type { ModelBackend, PackedModel } from './model-backend.ts';
import { OutdatedBasis } from './model-versions.ts';

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
  /**
   * Learns these rows besides those of earlier fits, and stores a new version, as {@link fit} does. When another version
   * comes meanwhile, that one learns them.
   */
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
  /** Stores a fitted model as a new version. @throws OutdatedBasis */
  save(version: {
    readonly model: PackedModel;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly taskId: string | undefined;
    /** Whether it must be the next one after the version that was read. */
    readonly isNext: boolean;
  }): Promise<Metadata>;
  /** The model as it is now. */
  reopen(): Promise<LoadedModel<Model>>;
}

/** How often a fit of more rows is tried while others fit the same model. */
const ATTEMPTS = 20;

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
    const supported = offered(loaded, operation, verb, ...frames);
    if (backend.isFitted(model)) return supported;
    throw new NotFitted(`model '${name}' is not fitted: call om.runtime.model('${name}').fit(X, y) first`);
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
      const learn = offered(loaded, backend.fit, 'fit', X, y);
      return storeFit(loaded, learn, [X, y], context, { ...options, isNext: false });
    },
    partialFit: (X, y, context, options) => storePartialFit(loaded, [X, y], context, options),
    fitsInBlocks: backend.fitsInBlocks?.(model) ?? false,
    fitBlocks: (blocks, context, options) => {
      const learn = offered(loaded, backend.fitBlocks, 'be fitted in blocks');
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

/** @throws OperationNotSupported for an operation that there is not; InvalidData for frames without rows */
function offered<Model, Operation>(
  { metadata: { name }, backend }: LoadedModel<Model>,
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

/** Learns these rows besides others. When another version has come meanwhile, that one learns them: it may know more rows. */
async function storePartialFit<Model>(
  opened: LoadedModel<Model>,
  rows: TrainingRows,
  context: FitContext,
  options: FitOptions,
): Promise<Metadata> {
  let loaded = opened;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const learn = offered(loaded, loaded.backend.partialFit, 'be fitted in parts', ...rows);
    try {
      return await storeFit(loaded, learn, rows, context, { ...options, isNext: true });
    } catch (error) {
      if (!(error instanceof OutdatedBasis)) throw error;
    }
    loaded = await loaded.reopen();
  }
  const { name } = opened.metadata;
  throw new OperationalError(
    `model '${name}' is being fitted by others all the time: fit it by fewer tasks at a time, or try again later`,
  );
}

type TrainingRows = readonly [X: DataFrame, y: DataFrame];

/** Fits a model, scores it on its rows, and stores it. */
async function storeFit<Model>(
  { backend, model, save }: LoadedModel<Model>,
  learn: NonNullable<ModelBackend<Model>['fit']>,
  rows: TrainingRows,
  context: FitContext,
  { trainingSet, taskId, isNext }: FitOptions & { readonly isNext: boolean },
): Promise<Metadata> {
  const started = performance.now();
  const fitted = await learn.call(backend, model, ...rows, context);
  const { threads, signal } = context;
  const quiet = { threads, ...(signal ? { signal } : {}) };
  const score = (await backend.score?.(fitted, ...rows, quiet)) ?? null;
  const seconds = (performance.now() - started) / 1000;
  const measures = { score, seconds, rows: rows[0].rowCount };
  const attributes = fitAttributes(...rows, trainingSet, measures);
  return save({ model: backend.pack(fitted), attributes, taskId, isNext });
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
  return save({ model: backend.pack(fitted), attributes, taskId, isNext: false });
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
