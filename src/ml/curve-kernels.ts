/** The prediction of each curve, to be run in threads. */
import { curveKernel } from './curve.ts';
import { exponential, potential, power, simpleLinear } from './curves.ts';
import { polynomial } from './polynomial.ts';
import { robustPolynomial, theilSen } from './robust.ts';
import { surface } from './surface.ts';

export const curveKernels = {
  simpleLinear: curveKernel(simpleLinear),
  polynomial: curveKernel(polynomial),
  exponential: curveKernel(exponential),
  power: curveKernel(power),
  potential: curveKernel(potential),
  theilSen: curveKernel(theilSen),
  robustPolynomial: curveKernel(robustPolynomial),
  surface: curveKernel(surface),
} as const;
