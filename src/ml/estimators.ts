/** All estimators, by name. */
import {
  ExponentialRegression,
  NonLinearRegression,
  PolinomialFitting2D,
  PolynomialRegression,
  PowerRegression,
  RobustPolynomialRegression,
  SimpleLinearRegression,
  TheilSenRegression,
} from 'ml-regression';
import { curveEstimator } from './curve.ts';
import { curveKernels } from './curve-kernels.ts';
import { exponential, potential, power, simpleLinear } from './curves.ts';
import type { Estimator } from './estimator.ts';
import { forestClassifier, forestRegression } from './forest.ts';
import { kernelRidge } from './kernel-ridge.ts';
import { linearRegression } from './linear.ts';
import { logisticRegression } from './logistic.ts';
import { polynomial } from './polynomial.ts';
import { ridge } from './ridge.ts';
import { robustPolynomial, theilSen } from './robust.ts';
import { surface } from './surface.ts';

const ALL: readonly Estimator[] = [
  forestClassifier,
  forestRegression,
  linearRegression,
  ridge,
  logisticRegression,
  kernelRidge,
  curveEstimator(simpleLinear, SimpleLinearRegression, curveKernels.simpleLinear),
  curveEstimator(polynomial, PolynomialRegression, curveKernels.polynomial),
  curveEstimator(exponential, ExponentialRegression, curveKernels.exponential),
  curveEstimator(power, PowerRegression, curveKernels.power),
  curveEstimator(potential, NonLinearRegression.PotentialRegression, curveKernels.potential),
  curveEstimator(theilSen, TheilSenRegression, curveKernels.theilSen),
  curveEstimator(robustPolynomial, RobustPolynomialRegression, curveKernels.robustPolynomial),
  curveEstimator(surface, PolinomialFitting2D, curveKernels.surface),
];

/** The estimators of `ml-random-forest` and `ml-regression`, and those of this package, by their class names. */
export const estimators: ReadonlyMap<string, Estimator> = new Map(
  ALL.map((estimator) => [estimator.name, estimator]),
);
