/** What the linear regressions do alike: only their penalties and their classes differ. */
import type { Estimator } from './estimator.ts';
import type { LeastSquaresOptions } from './least-squares.ts';
import { extendLinear, fitLinear, predictLinear } from './linear-state.ts';
import { linearScores } from './onnx-export/linear.ts';
import { declareNumbers } from './onnx-export/outputs.ts';
import { numberFrame } from './target.ts';

type LinearEstimator<Options> = Pick<
  Estimator<Options>,
  'name' | 'type' | 'weighsRows' | 'exactInParts' | 'fit' | 'predict' | 'toGraph'
> &
  Required<Pick<Estimator<Options>, 'partialFit'>>;

/** The estimator of this name, but for what concerns its class; `y` may have several columns. */
export function linearEstimator<Options extends LeastSquaresOptions>(name: string): LinearEstimator<Options> {
  return {
    name,
    type: 'regressor',
    weighsRows: true,
    exactInParts: true,
    fit: (options, X, y, context) => fitLinear(name, options, X, y, context),
    partialFit: (options, state, X, y, context) => {
      return state ? extendLinear(state, options, X, y, context) : fitLinear(name, options, X, y, context);
    },
    predict: async (state, X, context) => {
      return numberFrame(state.meta.target, X, await predictLinear(state, X, context));
    },
    toGraph: (state, graph, X) => declareNumbers(graph, state.meta.target, linearScores(graph, X, state)),
  };
}
