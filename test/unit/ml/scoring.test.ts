import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { type Score, score, scorePredictor } from '../../../src/ml/scoring.ts';
import { contextOf, fitted, frame } from '../../support/ml-fixtures.ts';

/** The score of what a model without probabilities has predicted. */
function scorePrediction(
  type: 'classifier' | 'regressor',
  y: DataFrame,
  prediction: DataFrame,
): Promise<Score> {
  const predict = async () => prediction;
  return scorePredictor({ type, classes: undefined, predict, predictProba: predict }, y);
}

describe('a score', () => {
  it('of a classifier is the share of right labels', async () => {
    const y = frame({ y: ['a', 'b', 'a', 'c'] });
    expect(await scorePrediction('classifier', y, frame({ p: ['a', 'b', 'b', 'c'] }))).toEqual({
      metric: 'accuracy',
      value: 0.75,
    });
  });

  it('takes true for 1 and whole doubles for integers', async () => {
    const { value } = await scorePrediction('classifier', frame({ y: [true, false] }), frame({ p: [1, 1] }));
    expect(value).toBe(0.5);
  });

  // sklearn.metrics.r2_score([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
  it('of a regression is R² as scikit-learn has it', async () => {
    const y = frame({ y: [3, -0.5, 2, 7] });
    const { value } = await scorePrediction('regressor', y, frame({ p: [2.5, 0, 2, 8] }));
    expect(value).toBeCloseTo(0.9486081370449679, 14);
  });

  it('of several targets is the mean of their R²', async () => {
    const y = frame({ a: [1, 2, 3], b: [1, 2, 3] });
    const { value } = await scorePrediction('regressor', y, frame({ a: [1, 2, 3], b: [2, 2, 2] }));
    expect(value).toBe(0.5);
  });

  it.each([
    [[2, 2], [2, 2], 1],
    [[2, 2], [2, 3], 0],
    [[2], [2], Number.NaN],
  ])('of the constant truth %j and the answers %j is %d', async (truth, answers, value) => {
    const scored = await scorePrediction('regressor', frame({ y: truth }), frame({ p: answers }));
    expect(scored.value).toBe(value);
  });

  it.each([
    [
      'labels of another type',
      frame({ y: [1, 2] }),
      /labels such as 1 and the model predicts labels such as a/,
    ],
    ['missing labels', frame({ y: ['a', null] }), /no label in 1 of 2/],
    ['fewer labels', frame({ y: ['a'] }), /2 rows and y has 1/],
  ])('is refused for %s', async (_, y, message) => {
    const X = frame({ x: [1, 2] });
    const { estimator, state } = await fitted('RandomForestClassifier', X, frame({ y: ['a', 'b'] }));
    await expect(score(estimator, state, X, y, contextOf())).rejects.toThrow(InvalidData);
    await expect(score(estimator, state, X, y, contextOf())).rejects.toThrow(message);
  });

  it('of a classifier may be another one, also of its probabilities', async () => {
    const X = frame({ x: [1, 2, 3, 4] });
    const y = frame({ y: ['a', 'a', 'b', 'b'] });
    const { estimator, state } = await fitted('RandomForestClassifier', X, y, { useSampleBagging: false });
    for (const scoring of ['f1_macro', 'roc_auc']) {
      const scored = await score(estimator, state, X, y, contextOf(), { scoring });
      expect(scored).toEqual({ metric: scoring, value: 1 });
    }
  });

  it('of a class that only the test rows have is refused where it needs a probability', async () => {
    const X = frame({ x: [1, 2] });
    const { estimator, state } = await fitted('RandomForestClassifier', X, frame({ y: ['a', 'b'] }));
    const y = frame({ y: ['a', 'c'] });
    expect((await score(estimator, state, X, y, contextOf())).value).toBeLessThanOrEqual(0.5);
    const loss = score(estimator, state, X, y, contextOf(), { scoring: 'neg_log_loss' });
    await expect(loss).rejects.toThrow(/label c, of which the model gives no probability/);
  });

  describe('of a model of several targets', () => {
    const X = frame({ x: [1, 2, 3, 4] });
    const [a, b] = [
      [2, 4, 6, 8],
      [90, 70, 50, 30],
    ];

    async function r2(y: DataFrame): Promise<number> {
      const { estimator, state } = await fitted('MultivariateLinearRegression', X, frame({ a, b }));
      return (await score(estimator, state, X, y, contextOf())).value;
    }

    it('compares columns by name, whatever their order', async () => {
      expect(await r2(frame({ b, a }))).toBeCloseTo(1, 12);
    });

    it('compares columns without names by position', async () => {
      expect(await r2(frame({ 0: a, 1: b }))).toBeCloseTo(1, 12);
    });

    it('compares by position when the model was fitted on columns without names', async () => {
      const { estimator, state } = await fitted('MultivariateLinearRegression', X, frame({ 0: a, 1: b }));
      expect((await score(estimator, state, X, frame({ u: a, v: b }), contextOf())).value).toBeCloseTo(1, 12);
    });

    it('is refused for columns of other names', async () => {
      await expect(r2(frame({ a, c: b }))).rejects.toThrow(InvalidData);
      await expect(r2(frame({ a, c: b }))).rejects.toThrow(
        /columns a, c and the model predicts a, b: .*\[a,b\]/,
      );
    });
  });

  it('is refused for no rows, and for another number of targets', async () => {
    const X = frame({ x: [1, 2] });
    const { estimator, state } = await fitted('MultivariateLinearRegression', X, frame({ y: [1, 2] }));
    const none = [frame({ x: [] }), frame({ y: [] })] as const;
    await expect(score(estimator, state, ...none, contextOf())).rejects.toThrow(/no rows/);
    const two = frame({ y: [1, 2], z: [1, 2] });
    await expect(score(estimator, state, X, two, contextOf())).rejects.toThrow(
      /y has 2 columns and the model predicts 1/,
    );
  });
});
