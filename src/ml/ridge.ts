/** Ridge regression: least squares with a penalty on the squared weights. */
import { z } from 'zod';
import { CorruptObject } from '../errors.ts';
import type { Estimator, ImportedEstimator } from './estimator.ts';
import { fieldsOf, isOfClass, positionalFeatures } from './library-class.ts';
import { linearEstimator } from './linear-estimator.ts';
import { applyLinear, type LinearFunction, linearFunctionOf, readLinearFunction } from './linear-function.ts';
import { linearState } from './linear-state.ts';
import { parseWith } from './options.ts';

const NAME = 'Ridge';

const schema = z.strictObject({
  /** The penalty, as scikit-learn's `alpha`. Default 1. */
  alpha: z.number().min(0).default(1),
  /** Default true. It is not penalized. */
  intercept: z.boolean().default(true),
});

export type RidgeOptions = z.infer<typeof schema>;

/** Ridge regression, as scikit-learn's `Ridge`: `om.models.put(new Ridge({ alpha: 10 }), 'price')`. */
export class Ridge {
  readonly options: Partial<RidgeOptions>;
  /** Null before the fit. */
  readonly fitted: LinearFunction | null;

  /** @param options `alpha`, the penalty, default 1; `intercept`, default true. */
  constructor(options: Partial<RidgeOptions> = {}, fitted: LinearFunction | null = null) {
    this.options = options;
    this.fitted = fitted;
  }

  /** Rows of encoded features to rows of targets. @throws NotFitted */
  predict(rows: readonly ArrayLike<number>[]): number[][] {
    return applyLinear(NAME, this.fitted, rows);
  }
}

function parseOptions(options: unknown): RidgeOptions {
  return parseWith(schema, options, NAME);
}

/** `Ridge`; `y` may have several columns. */
export const ridge: Estimator<RidgeOptions> = {
  ...linearEstimator(NAME),
  parseOptions,
  accepts: (instance) => isOfClass(instance, Ridge),
  fromInstance,
  toInstance: (options, state) => new Ridge(options, state && linearFunctionOf(state)),
};

/** @throws CorruptObject */
function fromInstance(instance: unknown): ImportedEstimator<RidgeOptions> {
  const { options: given, fitted } = fieldsOf(instance);
  const options = parseOptions(given);
  if (!fitted) return { options, state: null };
  const fit = readLinearFunction(fitted);
  if (!fit) throw new CorruptObject(`the ${NAME} has coefficients that cannot be read: fit it again`);
  const meta = {
    estimator: NAME,
    options,
    features: positionalFeatures(fit.weights.length / fit.intercepts.length),
    named: false,
    target: { names: Array.from(fit.intercepts, (_, j) => String(j)), classes: null },
  };
  return { options, state: linearState(meta, fit) };
}
