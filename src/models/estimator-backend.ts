/** The estimators of `ml-random-forest` and `ml-regression` as models. */
import { CorruptObject, KindNotSupported, NotFitted, OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Estimator, FitContext } from '../ml/estimator.ts';
import { estimators } from '../ml/estimators.ts';
import { fitBlocks } from '../ml/fit-blocks.ts';
import { exportOnnx } from '../ml/onnx-export/export.ts';
import { score } from '../ml/scoring.ts';
import { decodeState, encodeState, type ModelState } from '../ml/state.ts';
import type { ModelBackend, PackedModel, StoredModel } from './model-backend.ts';

/** An estimator with its options, and what it has learned: null before the first fit. */
export interface EstimatorModel {
  readonly estimator: Estimator;
  readonly options: unknown;
  readonly state: ModelState | null;
}

/** Version of the stored bytes: an encoded state, or the options as JSON before the first fit. */
const FORMAT = 1;

/** What `kind_meta.estimator` holds. */
interface EstimatorMeta {
  readonly name: string;
  readonly format: number;
  readonly fitted: boolean;
}

export const estimatorBackend: ModelBackend<EstimatorModel> = {
  name: 'estimator',
  supports: (value) => findEstimator(value) !== undefined,
  fromValue,
  toValue: ({ estimator, options, state }) => estimator.toInstance(options, state),
  recognizes: ({ kindMeta }) => kindMeta.estimator !== undefined,
  unpack,
  pack,
  isFitted: ({ state }) => state !== null,
  features: ({ state }) => (state?.meta.named ? state.meta.features.map(({ name }) => name) : null),
  toOnnx: (model) => exportOnnx(model.estimator, fittedState(model)),
  fit: async (model, X, y, context) => {
    refuseWeights(model, context);
    return { ...model, state: await model.estimator.fit(model.options, X, y, context) };
  },
  partialFit,
  type: ({ estimator }) => estimator.type,
  fitsInBlocks: ({ estimator }) => estimator.exactInParts === true,
  fitBlocks: async (model, open, context) => ({
    ...model,
    state: await fitBlocks(model.estimator, model.options, open, context),
  }),
  predict: async (model, X, context) => model.estimator.predict(fittedState(model), X, context),
  predictProba,
  score: async (model, X, y, context, options) =>
    score(model.estimator, fittedState(model), X, y, context, options),
};

function findEstimator(value: unknown): Estimator | undefined {
  return [...estimators.values()].find((estimator) => estimator.accepts(value));
}

function fromValue(value: unknown): EstimatorModel {
  const estimator = findEstimator(value);
  if (!estimator) {
    throw new KindNotSupported(
      `the value is no estimator: put an instance of ${[...estimators.keys()].join(', ')}`,
    );
  }
  return { estimator, ...estimator.fromInstance(value) };
}

function pack({ estimator, options, state }: EstimatorModel): PackedModel {
  const meta: EstimatorMeta = { name: estimator.name, format: FORMAT, fitted: state !== null };
  const bytes = state ? encodeState(state) : Buffer.from(JSON.stringify(options ?? {}));
  return { bytes, kindMeta: { estimator: meta } };
}

function unpack({ name, bytes, kindMeta }: StoredModel): EstimatorModel {
  const meta = kindMeta.estimator;
  if (!isEstimatorMeta(meta)) {
    throw new CorruptObject(`the metadata of model '${name}' name no estimator: put the model again`);
  }
  const estimator = estimators.get(meta.name);
  if (!estimator || meta.format !== FORMAT) {
    throw new KindNotSupported(
      `model '${name}' is a ${meta.name} in format ${meta.format}, which this version cannot read: update omegaml-node here, or fit the model again`,
    );
  }
  try {
    const state = meta.fitted ? decodeState(bytes) : null;
    if (state) return { estimator, options: state.meta.options, state };
    const options: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return { estimator, options: estimator.parseOptions(options), state: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CorruptObject(`model '${name}' is damaged (${reason}): put it again, and fit it`, {
      cause: error,
    });
  }
}

function isEstimatorMeta(value: unknown): value is EstimatorMeta {
  if (typeof value !== 'object' || value === null) return false;
  const { name, format } = value as Partial<Record<keyof EstimatorMeta, unknown>>;
  return typeof name === 'string' && typeof format === 'number';
}

function refuseWeights({ estimator }: EstimatorModel, { sampleWeight }: FitContext): void {
  if (!sampleWeight || estimator.weighsRows) return;
  throw new OperationNotSupported(
    `a ${estimator.name} takes no weights of rows: leave sample_weight out, or use a random forest, a MultivariateLinearRegression, a Ridge or a LogisticRegression`,
  );
}

async function partialFit(
  model: EstimatorModel,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<EstimatorModel> {
  const { estimator, options, state } = model;
  if (!estimator.partialFit) {
    throw new OperationNotSupported(
      `a ${estimator.name} cannot be fitted in parts, for it needs all rows at once: call fit, or use a Ridge or a LogisticRegression`,
    );
  }
  refuseWeights(model, context);
  return { ...model, state: await estimator.partialFit(options, state, X, y, context) };
}

async function predictProba(model: EstimatorModel, X: DataFrame, context: FitContext): Promise<DataFrame> {
  const state = fittedState(model);
  if (!model.estimator.predictProba) {
    throw new OperationNotSupported(
      `${model.estimator.name} predicts no probabilities, as no regression does: call predict`,
    );
  }
  return model.estimator.predictProba(state, X, context);
}

function fittedState({ estimator, state }: EstimatorModel): ModelState {
  if (state) return state;
  throw new NotFitted(`this ${estimator.name} is not fitted: call fit first`);
}
