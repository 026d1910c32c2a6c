import { describe, expect, it } from 'vitest';
import { InvalidData, InvalidOptions } from '../../../src/errors.ts';
import {
  balancedAccuracyScore,
  confusionMatrix,
  f1Score,
  logLoss,
  meanAbsoluteError,
  precisionScore,
  r2Score,
  rocAucScore,
} from '../../../src/index.ts';
import { type Scorer, scorerOf } from '../../../src/ml/scores/scorers.ts';
import { readMlFixture } from '../../support/ml-fixtures.ts';

/** One set of labels and what scikit-learn 1.9 gives for it, by the names of its scorers. */
interface Scored<Value> {
  readonly name: string;
  readonly y: Value[];
  readonly scores: Record<string, number>;
}

interface Fixture {
  readonly labels: (Scored<string | number> & {
    readonly predicted: (string | number)[];
    readonly confusion: number[][];
  })[];
  readonly probabilities: (Scored<string | number> & { readonly probabilities: number[][] })[];
  readonly numbers: (Scored<number> & { readonly predicted: number[] })[];
}

const fixture = readMlFixture<Fixture>('ml/scores.json');

function scorer<Of extends Scorer['of']>(name: string, of: Of): Extract<Scorer, { of: Of }> {
  const found = scorerOf(name, of === 'numbers' ? 'regressor' : 'classifier');
  if (found.of === of) return found as Extract<Scorer, { of: Of }>;
  throw new Error(`${name} is of ${found.of}`);
}

function expectEqual(value: number, expected: number): void {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
}

describe('scores next to scikit-learn', () => {
  it.each(fixture.labels)('are equal for labels: $name', ({ y, predicted, confusion, scores }) => {
    expect(confusionMatrix(y, predicted).counts).toEqual(confusion);
    for (const [name, expected] of Object.entries(scores)) {
      expectEqual(scorer(name, 'labels').compute(y, predicted), expected);
    }
  });

  it.each(fixture.probabilities)('are equal for probabilities: $name', ({ y, probabilities, scores }) => {
    for (const [name, expected] of Object.entries(scores)) {
      expectEqual(scorer(name, 'probabilities').compute(y, probabilities, undefined), expected);
    }
  });

  it.each(fixture.numbers)('are equal for numbers: $name', ({ y, predicted, scores }) => {
    for (const [name, expected] of Object.entries(scores)) {
      const [truth, answers] = [Float64Array.from(y), Float64Array.from(predicted)];
      expectEqual(scorer(name, 'numbers').compute(truth, answers), expected);
    }
  });
});

describe('scores of labels', () => {
  it('take true for 1', () => {
    expect(f1Score([true, false, true], [1, 0, 0])).toBeCloseTo(2 / 3, 12);
  });

  it('count the label that is named as positive', () => {
    expect(precisionScore(['no', 'yes', 'no'], ['yes', 'yes', 'no'], { positive: 'yes' })).toBe(0.5);
  });

  it('are 0 where the positive label never occurs', () => {
    expect(f1Score([0, 0], [0, 0])).toBe(0);
  });

  it.each([
    ['three labels', () => f1Score([0, 1, 2], [0, 1, 2]), InvalidOptions, /macro, micro or weighted/],
    [
      'a positive label that is not there',
      () => f1Score(['a', 'b'], ['a', 'b']),
      InvalidOptions,
      /labels are a, b/,
    ],
    ['no rows', () => balancedAccuracyScore([], []), InvalidData, /no labels/],
    ['fewer predictions', () => f1Score([0, 1], [1]), InvalidData, /2 labels and 1 predictions/],
    ['strings beside numbers', () => f1Score(['1'], [1]), InvalidData, /same type/],
  ])('are refused for %s', (_, score, type, message) => {
    expect(score).toThrow(type);
    expect(score).toThrow(message);
  });
});

describe('scores of probabilities', () => {
  const halves = [
    [0.5, 0.5],
    [0.5, 0.5],
  ];

  /** Of the classes a and b in three rows. */
  function withOne(bad: number): number[][] {
    return [
      [0.9, 0.2, bad],
      [0.1, 0.8, 0.5],
    ];
  }

  it('take the order of the classes that is named', () => {
    const probabilities = [
      [0.9, 0.2],
      [0.1, 0.8],
    ];
    expect(rocAucScore(['yes', 'no'], probabilities, { labels: ['yes', 'no'] })).toBe(1);
  });

  it.each([
    ['one class only', () => rocAucScore([1, 1], halves, { labels: [0, 1] }), InvalidData, /none of 0/],
    [
      'a class that the model does not know',
      () => logLoss([0, 7], halves, { labels: [0, 1] }),
      InvalidData,
      /label 7/,
    ],
    ['fewer labels than probabilities', () => logLoss([1, 1], halves), InvalidOptions, /name two classes/],
    [
      'a rank of what is no number',
      () => rocAucScore(['a', 'b', 'b'], withOne(Number.NaN)),
      InvalidData,
      /row 2 has the probability NaN of a/,
    ],
    [
      'a logarithm of what is no number',
      () => logLoss(['a', 'b', 'b'], withOne(Number.NaN)),
      InvalidData,
      /NaN of a/,
    ],
    [
      'an infinite probability',
      () => logLoss(['a', 'b', 'b'], withOne(Number.POSITIVE_INFINITY)),
      InvalidData,
      /Infinity of a/,
    ],
    ['fewer rows', () => logLoss([0, 1, 1], halves), InvalidData, /3 labels and 2 probabilities/],
  ])('are refused for %s', (_, score, type, message) => {
    expect(score).toThrow(type);
    expect(score).toThrow(message);
  });
});

describe('scores of numbers', () => {
  it('lose nothing of long sums', () => {
    const truth = Array.from({ length: 100_001 }, () => 0.1);
    expect(
      meanAbsoluteError(
        truth,
        truth.map(() => 0.2),
      ),
    ).toBe(0.1);
  });

  it('are not a number for R² of one row', () => {
    expect(r2Score([1], [2])).toBeNaN();
  });

  it.each([
    ['no rows', () => r2Score([], []), /no numbers/],
    ['fewer predictions', () => r2Score([1, 2], [1]), /2 numbers and 1 predictions/],
  ])('are refused for %s', (_, score, message) => {
    expect(score).toThrow(InvalidData);
    expect(score).toThrow(message);
  });
});

describe('a scorer', () => {
  it.each([
    ['f2', 'classifier', /'f2': ask for one of accuracy, balanced_accuracy, precision/],
    ['r2', 'classifier', /'r2'/],
    ['accuracy', 'regressor', /'accuracy': ask for one of r2, neg_mean_absolute_error/],
  ] as const)('named %s of a %s is refused with the names that there are', (name, type, message) => {
    expect(() => scorerOf(name, type)).toThrow(InvalidOptions);
    expect(() => scorerOf(name, type)).toThrow(message);
  });

  it('roc_auc is refused for more than two classes', () => {
    const probabilities = [[1], [0], [0]];
    const { compute } = scorer('roc_auc', 'probabilities');
    expect(() => compute([0], probabilities, [0, 1, 2])).toThrow(/roc_auc_ovr/);
  });
});
