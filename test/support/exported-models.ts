/** One fitted model of each estimator, for the tests of their ONNX exports. */
import type { DataFrame } from '../../src/frame/data-frame.ts';
import { type Diabetes, type Fitted, fitted, frame, type Iris, readMlFixture } from './ml-fixtures.ts';

export interface ExportedModel {
  readonly name: string;
  readonly X: DataFrame;
  readonly train: () => Promise<Fitted>;
}

const iris = readMlFixture<Iris>('ml/iris.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const flowers = frame(iris.columns);
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });
const bmi = patients.select(['bmi']);
const mixed = frame({
  ...diabetes.columns,
  sex: (diabetes.columns.sex ?? []).map((code) => (code === 1 ? 'f' : 'm')),
});
const codes = iris.species.map((name) => ['setosa', 'versicolor', 'virginica'].indexOf(name) * 10 - 5);

function model(
  estimator: string,
  X: DataFrame,
  y: DataFrame,
  options: object = {},
  note = '',
): ExportedModel {
  return { name: `${estimator}${note}`, X, train: () => fitted(estimator, X, y, options) };
}

function kernelRidge(kernelType: string, kernelOptions: object = {}): ExportedModel {
  const X = frame({ a: [0.1, 0.9, 2.2, 3.1, 4.5], b: [1, 3, 2, 5, 4.2] });
  const y = frame({ u: [1, 2, 3, 5, 8], v: [0, -1, 2, -3, 4] });
  return model('KernelRidgeRegression', X, y, { kernelType, kernelOptions, lambda: 0.5 }, `, ${kernelType}`);
}

/** Of every estimator, and of every form that its export can have. */
export const exportedModels: readonly ExportedModel[] = [
  model('RandomForestClassifier', flowers, frame({ species: iris.species }), { maxDepth: 3 }),
  model(
    'RandomForestClassifier',
    flowers,
    frame({ code: codes }),
    { voting: 'hard', maxDepth: 2 },
    ' of votes',
  ),
  model(
    'RandomForestClassifier',
    flowers,
    frame({ only: codes.map(() => true) }),
    { nEstimators: 3 },
    ' of one class',
  ),
  model('RandomForestRegression', patients, progress, { nEstimators: 20 }),
  model('RandomForestRegression', mixed, progress, { nEstimators: 20 }, ' of strings'),
  model(
    'RandomForestRegression',
    patients,
    progress,
    { nEstimators: 20, selectionMethod: 'median' },
    ' of medians',
  ),
  model('RandomForestRegression', patients, progress, { nEstimators: 4, minSamplesLeaf: 400 }, ' of leaves'),
  model('MultivariateLinearRegression', patients, frame({ y: diabetes.y, z: diabetes.y.map(Math.sqrt) })),
  model('MultivariateLinearRegression', mixed, progress, {}, ' of strings'),
  model('Ridge', patients, progress),
  model('LogisticRegression', flowers, frame({ species: iris.species })),
  model(
    'LogisticRegression',
    flowers,
    frame({ isFirst: iris.species.map((name) => name === 'setosa') }),
    {},
    ' of two',
  ),
  ...['SimpleLinearRegression', 'ExponentialRegression', 'PowerRegression', 'TheilSenRegression'].map(
    (name) => model(name, bmi, progress),
  ),
  model('PotentialRegression', bmi, progress, { M: 1.5 }),
  model('PolynomialRegression', bmi, progress, { degree: 3 }),
  model('RobustPolynomialRegression', bmi, progress, { degree: 3 }),
  model('PolynomialFitRegression2D', patients.select(['bmi', 'bp']), progress),
  ...['linear', 'gaussian', 'cauchy', 'exponential', 'histogram', 'laplacian'].map((type) =>
    kernelRidge(type),
  ),
  kernelRidge('anova', { sigma: 0.1, degree: 2 }),
  kernelRidge('multiquadratic', { constant: 2 }),
  kernelRidge('rational', { constant: 3 }),
];
