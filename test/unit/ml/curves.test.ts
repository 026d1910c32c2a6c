import {
  ExponentialRegression,
  KernelRidgeRegression,
  NonLinearRegression,
  PolinomialFitting2D,
  PolynomialRegression,
  PowerRegression,
  RobustPolynomialRegression,
  SimpleLinearRegression,
  TheilSenRegression,
} from 'ml-regression';
import { describe, expect, it } from 'vitest';
import { CorruptObject, InvalidData } from '../../../src/errors.ts';
import { estimators } from '../../../src/ml/estimators.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  fitted,
  frame,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const x = Array.from({ length: 50 }, (_, i) => 1 + i / 10);

/** Each curve with a function that it fits without error. */
const exact: readonly [name: string, options: object, truth: (x: number) => number][] = [
  ['SimpleLinearRegression', {}, (v) => 2 * v - 3],
  ['PolynomialRegression', { degree: 3 }, (v) => v ** 3 - 2 * v + 1],
  ['PolynomialRegression', { degree: [1, 3] }, (v) => v ** 3 - 2 * v],
  ['PolynomialRegression', { degree: 2, interceptAtZero: true }, (v) => 4 * v ** 2 - v],
  ['PolynomialRegression', { degree: 0 }, () => 7],
  ['ExponentialRegression', {}, (v) => 2 * Math.exp(0.3 * v)],
  ['PowerRegression', {}, (v) => 3 * v ** 0.7],
  ['PotentialRegression', { M: -2 }, (v) => 5 / v ** 2],
  ['TheilSenRegression', {}, (v) => 2 * v - 3],
  ['RobustPolynomialRegression', { degree: 3 }, (v) => v ** 2 - v + 1],
];

/** A stock instance as the tests use it. */
interface Stock {
  predict(x: number[] | number[][]): (number | number[])[];
}

function stock(instance: object): Stock {
  return instance as Stock;
}

describe.each(exact)('%s %j', (name, options, truth) => {
  const y = frame({ y: x.map(truth) });

  it('finds the function that the points lie on', async () => {
    const values = await predicted(await fitted(name, frame({ x }), y, options), frame({ x: [0.5, 4.2, 9] }));
    [0.5, 4.2, 9].forEach((at, i) => {
      expect(values[i]).toBeCloseTo(truth(at), 7);
    });
  });

  it('comes back as an instance that predicts the same, and is read from it', async () => {
    const { estimator, state } = await fitted(name, frame({ x }), y, options);
    const instance = estimator.toInstance(state.meta.options, state);
    stock(instance)
      .predict(x)
      .forEach((value, i) => {
        expect(value).toBeCloseTo(truth(x[i] ?? 0), 6);
      });
    expect(estimator.accepts(instance)).toBe(true);
    const read = estimator.fromInstance(instance).state;
    if (!read) throw new Error('no state');
    expect((await predicted({ estimator, state: read }, frame({ any: [4.2] })))[0]).toBeCloseTo(
      truth(4.2),
      6,
    );
  });
});

describe('curves far from zero', () => {
  const far = x.map((value) => 1e6 + value);

  it.each([
    ['SimpleLinearRegression', {}, (t: number) => 2 * t + 1],
    ['PolynomialRegression', { degree: 3 }, (t: number) => t ** 3 - t],
    ['ExponentialRegression', {}, (t: number) => Math.exp(0.001 * t)],
  ] as const)('are fitted by %s as near it', async (name, options, truth) => {
    const X = frame({ x: far });
    const values = await predicted(await fitted(name, X, frame({ y: x.map(truth) }), options), X);
    x.forEach((t, i) => {
      expect(values[i]).toBeCloseTo(truth(t), 5);
    });
  });
});

describe('robust regressions', () => {
  const outliers = x.map((value, i) => (i % 5 === 0 ? 1000 : 2 * value - 3));

  it.each(['TheilSenRegression', 'RobustPolynomialRegression'])(
    '%s is not disturbed by outliers',
    async (name) => {
      const values = await predicted(
        await fitted(name, frame({ x }), frame({ y: outliers })),
        frame({ x: [0] }),
      );
      expect(Math.abs(Number(values[0]) + 3)).toBeLessThan(1.5);
    },
  );

  it.each(['TheilSenRegression', 'RobustPolynomialRegression'])(
    '%s fits 30,000 rows in bounded memory',
    async (name) => {
      const many = Array.from({ length: 30_000 }, (_, i) => i);
      const noisy = many.map((value) => 3 * value + ((value * 7919) % 11));
      const models = [1, 2].map(() => fitted(name, frame({ x: many }), frame({ y: noisy })));
      const [one, two] = await Promise.all(models);
      expect(one?.state.arrays.params).toEqual(two?.state.arrays.params);
      expect((one && (await predicted(one, frame({ x: [1000] }))))?.[0]).toBeCloseTo(3005, -1);
    },
  );

  it.each([
    ['TheilSenRegression', {}],
    ['RobustPolynomialRegression', { degree: 2 }],
  ])('%s refuses points of one x', async (name, options) => {
    const points = [frame({ x: [1, 1, 1] }), frame({ y: [1, 2, 3] })] as const;
    await expect(fitted(name, ...points, options)).rejects.toThrow(InvalidData);
  });
});

describe('a surface', () => {
  const x1 = x.map((value) => value + 100);
  const x2 = x.map((value) => Math.sin(7 * value));
  const truth = (a: number, b: number) => 2 + (a - 100) ** 2 - 3 * (a - 100) * b + b ** 2;
  const y = frame({ y: x1.map((a, i) => truth(a, x2[i] ?? 0)) });

  it('finds the polynomial in two variables, as an instance does', async () => {
    const model = await fitted('PolynomialFitRegression2D', frame({ x1, x2 }), y, { order: 2 });
    const values = await predicted(model, frame({ x1: [103], x2: [0.5] }));
    expect(values[0]).toBeCloseTo(truth(103, 0.5), 8);
    const instance = model.estimator.toInstance(model.state.meta.options, model.state);
    expect(stock(instance).predict([[103, 0.5]])[0]).toBeCloseTo(truth(103, 0.5), 6);
    expect(model.estimator.fromInstance(instance).options).toEqual({ order: 2 });
  });

  it('needs two columns and as many rows as coefficients', async () => {
    await expect(fitted('PolynomialFitRegression2D', frame({ x1 }), y)).rejects.toThrow(
      /two columns of numbers/,
    );
    const few = [frame({ x1: [1, 2], x2: [1, 2] }), frame({ y: [1, 2] })] as const;
    await expect(fitted('PolynomialFitRegression2D', ...few)).rejects.toThrow(/6 coefficients/);
  });
});

describe('a kernel ridge regression', () => {
  const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
  const tenth = (name: string) => (diabetes.columns[name] ?? []).map((value) => value / 10);
  const X = frame({ bmi: tenth('bmi'), bp: tenth('bp') });
  const y = frame({ y: diabetes.y });
  const options = { lambda: 0.1, kernelType: 'gaussian', kernelOptions: { sigma: 2 } };

  it('predicts what scikit-learn does, also as an instance', async () => {
    const model = await fitted('KernelRidgeRegression', X.slice(0, 60), y.slice(0, 60), options);
    const values = await predicted(model, X.slice(60, 70));
    const rows = X.slice(60, 70)
      .toRows()
      .map((row) => Object.values(row).map(Number));
    const instance = stock(model.estimator.toInstance(model.state.meta.options, model.state));
    diabetes.kernelRidge.predictions.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 6);
    });
    expect(instance.predict(rows).flat()).toEqual(values);
  });

  it('is read from an instance', async () => {
    const instance = new KernelRidgeRegression([[1], [2], [3]], [[1], [2], [3]], { lambda: 0.01 });
    const estimator = estimatorOf('KernelRidgeRegression');
    const { state } = estimator.fromInstance(instance);
    if (!state) throw new Error('no state');
    expect(await predicted({ estimator, state }, frame({ x: [2] }))).toEqual(
      stock(instance)
        .predict([[2]])
        .flat(),
    );
  });

  it('refuses more rows than it can solve, and a singular matrix', async () => {
    const many = Array.from({ length: 4001 }, (_, i) => i);
    await expect(fitted('KernelRidgeRegression', frame({ many }), frame({ many }))).rejects.toThrow(
      /at most 4000/,
    );
    const twice = [frame({ x: [1, 1] }), frame({ y: [1, 2] })] as const;
    await expect(fitted('KernelRidgeRegression', ...twice, { lambda: 0 })).rejects.toThrow(InvalidData);
  });
});

describe('bad points', () => {
  it.each([
    ['ExponentialRegression', [1, 2, 3], [1, -1, 0], /column 'y' has 2 values that are zero or below/],
    ['PowerRegression', [0, 2, 3], [1, 1, 1], /column 'x' has 1 values/],
    ['PotentialRegression', [0, 1, 2], [1, 1, 1], /power -1 is no finite number/],
    ['PolynomialRegression', [-1, 1, 2], [1, 1, 1], /choose other powers than 0.5/],
    ['SimpleLinearRegression', [1, null, 3], [1, 2, 3], /column 'x' has 1 missing/],
    ['SimpleLinearRegression', [1, 2, 3], [1, null, 3], /column 'y' of y has no label in 1 of 3/],
    ['SimpleLinearRegression', ['a', 'b', 'c'], [1, 2, 3], /takes one column of numbers/],
    ['SimpleLinearRegression', [1e200, 2e200, 3e200], [1, 2, 3], /beyond the range of doubles/],
    ['PowerRegression', [1, 2, 3], [1e-300, 1e-50, 1e300], /beyond the range of doubles/],
  ])('are refused by %s: %j %j', async (name, points, values, message) => {
    const options = { PotentialRegression: { M: -1 }, PolynomialRegression: { degree: [0.5] } };
    const given = Object.entries(options).find(([key]) => key === name)?.[1] ?? {};
    const fitting = () => fitted(name, frame({ x: points }), frame({ y: values }), given);
    await expect(fitting()).rejects.toThrow(InvalidData);
    await expect(fitting()).rejects.toThrow(message);
  });

  it('that all have the same x get a flat line', async () => {
    const model = await fitted('SimpleLinearRegression', frame({ x: [2, 2, 2] }), frame({ y: [1, 2, 3] }));
    expect(await predicted(model, frame({ x: [2, 5] }))).toEqual([2, 2]);
  });

  it('are refused with more than one column', async () => {
    const X = frame({ a: [1], b: [2] });
    await expect(fitted('TheilSenRegression', X, frame({ y: [1] }))).rejects.toThrow(/takes one column/);
  });
});

describe('the estimators', () => {
  it('know every regression of ml-regression, as instance and as class', () => {
    const classes = [
      SimpleLinearRegression,
      PolynomialRegression,
      ExponentialRegression,
      PowerRegression,
      TheilSenRegression,
      RobustPolynomialRegression,
      KernelRidgeRegression,
      PolinomialFitting2D,
      NonLinearRegression.PotentialRegression,
    ];
    for (const libraryClass of classes) {
      const found = [...estimators.values()].filter((estimator) => estimator.accepts(libraryClass));
      expect(found).toHaveLength(1);
      expect(found[0]?.fromInstance(libraryClass).state).toBeNull();
    }
  });

  it('read instances that the library fitted', async () => {
    const instance = new PolynomialRegression([1, 2, 3, 4], [1, 4, 9, 16], 2);
    const estimator = estimatorOf('PolynomialRegression');
    const { state, options } = estimator.fromInstance(instance);
    if (!state) throw new Error('no state');
    expect((await estimator.predict(state, frame({ x: [5] }), contextOf())).toRows()).toEqual([
      { '0': expect.closeTo(25, 8) },
    ]);
    expect(estimator.parseOptions(options)).toEqual(options);
  });

  it('refuse instances that are damaged', () => {
    for (const [name, fields] of [
      ['SimpleLinearRegression', { slope: 'steep' }],
      ['PolynomialRegression', { powers: null }],
    ] as const) {
      const estimator = estimatorOf(name);
      const instance = Object.assign(new SimpleLinearRegression([1, 2], [1, 2]), fields);
      expect(() => estimator.fromInstance(instance)).toThrow(CorruptObject);
    }
  });
});
