/** `om.runtime.model(name)`: a model's operations, run by a worker (omegaml.tasks.omega_*). */
import { createModelSignatures, type ModelSignatures } from './model-signatures.ts';
import type { Send, SendOptions } from './send.ts';
import type { TaskHandle } from './task-handle.ts';

/** Stores data that are passed by value and answers with the dataset's name. */
export interface DataStage {
  stage(data: object): Promise<string>;
}

/** The name of a dataset (`sales`, `sales[x,y]`), or the data themselves, which are stored on the way. */
export type Data = string | object;

export interface PredictOptions {
  /** Store the prediction as a dataset of this name; the result is then its Metadata text. */
  readonly result?: string;
}

export interface FitCallOptions {
  /** How much each row counts: the name of a dataset of one column, or the data. */
  readonly sampleWeight?: Data;
}

export interface ScoreCallOptions {
  /** The name of a scorer of scikit-learn, of which higher is better: `f1_macro`, `roc_auc`, `neg_log_loss`, … */
  readonly scoring?: string;
}

export interface ModelProxy {
  /** Fits and stores a new version; the result is its Metadata text. `y` may be left out by unsupervised models. */
  fit(X: Data, y?: Data, options?: FitCallOptions): TaskHandle<string>;
  /** Learns these rows besides those of earlier fits, where the model can; the result is as of `fit`. */
  partialFit(X: Data, y?: Data, options?: FitCallOptions): TaskHandle<string>;
  /** One value per row; a row of values when the model has several outputs. */
  predict(X: Data, options?: PredictOptions): TaskHandle<unknown>;
  /** One row of probabilities per row, classes in sorted order. */
  predictProba(X: Data, options?: PredictOptions): TaskHandle<unknown>;
  /** Accuracy of a classifier, R² of a regression, or the score that is asked for. */
  score(X: Data, y: Data, options?: ScoreCallOptions): TaskHandle<number>;
  /** The same as signatures, for the canvas. */
  readonly signature: ModelSignatures;
}

export interface ProxyContext {
  readonly send: Send;
  readonly stage: DataStage;
  /** Bucket of the stores that the tasks use, null for the default one. */
  readonly bucket: string | null;
}

/** Arguments that every task of omega|ml carries (omegaml/celery_util.py). */
export function systemKwargs(bucket: string | null): Readonly<Record<string, unknown>> {
  return { pure_python: true, __bucket: bucket };
}

export function createModelProxy(context: ProxyContext, name: string, options: SendOptions): ModelProxy {
  const { send, stage, bucket } = context;

  function call<Result>(
    operation: string,
    X: Data,
    kwargs: Readonly<Record<string, Data | null>>,
    settings: Readonly<Record<string, string>> = {},
  ) {
    const staged = stageAll(stage, { X, ...kwargs });
    return send<Result>(
      `omegaml.tasks.omega_${operation}`,
      staged.then(({ X: dataset, ...rest }) => ({
        args: [name, dataset],
        kwargs: { ...rest, ...settings, ...systemKwargs(bucket) },
      })),
      options,
    );
  }
  return {
    fit: (X, y, given) => call('fit', X, trainingData(y, given)),
    partialFit: (X, y, given) => call('partial_fit', X, trainingData(y, given)),
    predict: (X, { result } = {}) => call('predict', X, { rName: result ?? null }),
    predictProba: (X, { result } = {}) => call('predict_proba', X, { rName: result ?? null }),
    score: (X, y, { scoring } = {}) =>
      call('score', X, { Yname: y, rName: null }, scoring === undefined ? {} : { scoring }),
    signature: createModelSignatures(name, systemKwargs(bucket), options),
  };
}

function trainingData(
  y: Data | undefined,
  { sampleWeight }: FitCallOptions = {},
): Record<string, Data | null> {
  return { Yname: y ?? null, ...(sampleWeight === undefined ? {} : { sample_weight: sampleWeight }) };
}

async function stageAll(
  stage: DataStage,
  data: Readonly<Record<string, Data | null>>,
): Promise<Record<string, string | null>> {
  const names = Object.entries(data).map(async ([key, value]) => {
    const name = typeof value === 'object' && value !== null ? await stage.stage(value) : value;
    return [key, name] as const;
  });
  return Object.fromEntries(await Promise.all(names));
}
