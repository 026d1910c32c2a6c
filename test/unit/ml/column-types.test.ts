import { describe, expect, it } from 'vitest';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { estimators } from '../../../src/ml/estimators.ts';
import { contextOf, fitted } from '../../support/ml-fixtures.ts';

const CLASSIFIERS = ['RandomForestClassifier', 'LogisticRegression'];
const X1 = [1, 2.5, 3.25, 4, 5.5, 6.75, 8];
const X2 = [3, 1, 4, 1, 5, 9, 2];
const Y = [1, 2, 4, 3, 5, 8, 7];

/** As many columns as the estimator takes. */
function tableOf(name: string, x1: Float32Array | Float64Array, x2: Int32Array | Float64Array): DataFrame {
  const takesTwo = !name.endsWith('Regression') || /Forest|Kernel|Multivariate|Logistic/.test(name);
  return DataFrame.fromObject(takesTwo ? { x1, x2 } : { x1 });
}

describe.each([...estimators.keys()])('%s', (name) => {
  it('learns and predicts the same of 32 bits as of doubles', async () => {
    const y = CLASSIFIERS.includes(name)
      ? DataFrame.fromObject({ y: Y.map((value) => (value > 3 ? 'high' : 'low')) })
      : DataFrame.fromObject({ y: Float32Array.from(Y) });
    const narrow = tableOf(name, Float32Array.from(X1), Int32Array.from(X2));
    const wide = tableOf(name, Float64Array.from(X1), Float64Array.from(X2));
    const [one, other] = [await fitted(name, narrow, y), await fitted(name, wide, y)];
    expect(one.state.arrays).toEqual(other.state.arrays);
    const { estimator, state } = one;
    const predictions = await estimator.predict(state, narrow, contextOf());
    expect(predictions.toRows()).toEqual((await estimator.predict(state, wide, contextOf())).toRows());
  });
});
