/** Everything of src/ml that runs in threads, by name: what workers/thread.ts looks up. */
import type { Kernel } from '../contract/threads.ts';
import { curveKernels } from './curve-kernels.ts';
import { codeKernel } from './forest-codes.ts';
import { growKernel } from './forest-grow.ts';
import { outOfBagKernel } from './forest-out-of-bag.ts';
import { predictKernel } from './forest-predict.ts';
import { kernelRidgeFitKernel, kernelRidgePredictKernel } from './kernel-ridge.ts';
import { linearPredictKernel } from './linear-state.ts';
import { logisticDerivativesKernel, logisticPredictKernel } from './logistic-kernels.ts';
import { momentsKernel, residualsKernel } from './moments.ts';
import { onnxInspectKernel, onnxRunKernel } from './onnx-session.ts';
import { robustPolynomialKernel, theilSenKernel } from './robust.ts';

const ALL: readonly Kernel<never, unknown>[] = [
  codeKernel,
  growKernel,
  outOfBagKernel,
  predictKernel,
  momentsKernel,
  residualsKernel,
  linearPredictKernel,
  logisticDerivativesKernel,
  logisticPredictKernel,
  kernelRidgeFitKernel,
  kernelRidgePredictKernel,
  theilSenKernel,
  onnxInspectKernel,
  onnxRunKernel,
  robustPolynomialKernel,
  ...Object.values(curveKernels),
];

/** All kernels by name. A thread calls `kernels.get(name).run(input)`. */
export const kernels: ReadonlyMap<string, Kernel<never, unknown>> = new Map(
  ALL.map((kernel) => [kernel.name, kernel]),
);
