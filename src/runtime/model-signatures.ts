/** `om.runtime.model(name).signature`: a model's operations as signatures, for the canvas. */
import { type CallOptions, wireOptions } from '../contract/call-options.ts';
import type { Signature } from '../contract/signature.ts';
import { immutable } from '../contract/signature-options.ts';
import { signature } from '../contract/task-signature.ts';
import { InvalidOptions } from '../errors.ts';
import type { PredictOptions, ScoreCallOptions } from './model-proxy.ts';

/**
 * Like the operations of the model, but sent by `om.runtime.apply`. They take nothing from the task before them:
 * in a chain they run one after the other. Data are given as names of datasets: there is nobody to store values
 * when a signature is sent.
 */
export interface ModelSignatures {
  fit(X: string, y?: string): Signature<unknown, string>;
  partialFit(X: string, y?: string): Signature<unknown, string>;
  predict(X: string, options?: PredictOptions): Signature<unknown, unknown>;
  predictProba(X: string, options?: PredictOptions): Signature<unknown, unknown>;
  score(X: string, y: string, options?: ScoreCallOptions): Signature<unknown, number>;
}

export function createModelSignatures(
  name: string,
  systemKwargs: Readonly<Record<string, unknown>>,
  options: CallOptions,
): ModelSignatures {
  wireOptions(options);
  function call<Result>(
    operation: string,
    X: string,
    kwargs: Readonly<Record<string, string | null>>,
    settings: Readonly<Record<string, string>> = {},
  ): Signature<unknown, Result> {
    for (const data of [X, ...Object.values(kwargs)]) checkName(operation, data);
    const task = `omegaml.tasks.omega_${operation}`;
    return immutable(
      signature<undefined, Result>(task, [name, X], { ...kwargs, ...settings, ...systemKwargs }, options),
    );
  }
  return {
    fit: (X, y) => call('fit', X, { Yname: y ?? null }),
    partialFit: (X, y) => call('partial_fit', X, { Yname: y ?? null }),
    predict: (X, { result } = {}) => call('predict', X, { rName: result ?? null }),
    predictProba: (X, { result } = {}) => call('predict_proba', X, { rName: result ?? null }),
    score: (X, y, { scoring } = {}) =>
      call('score', X, { Yname: y, rName: null }, scoring === undefined ? {} : { scoring }),
  };
}

function checkName(operation: string, data: unknown): void {
  if (typeof data === 'string' || data === null) return;
  throw new InvalidOptions(
    `the signature of ${operation} is given data by value, which cannot travel in it: store them with om.datasets.put, and give their name`,
  );
}
