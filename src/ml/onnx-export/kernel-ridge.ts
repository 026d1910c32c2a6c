/**
 * Kernel ridge regression: the kernel of each row with each row of the fit, times alpha. The kernels are those of
 * ml-kernel, with its defaults; distances are summed up feature by feature, for a product of rows loses digits.
 */
import type { KernelRidgeModel } from '../kernel-ridge.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** A matrix with a column for each target. */
export function kernelRidgeNumbers(graph: GraphBuilder, X: string, model: KernelRidgeModel): string {
  const { alpha, targetCount } = model;
  const weights = graph.doubles(alpha, [alpha.length / targetCount, targetCount]);
  return graph.compute('MatMul', kernelMatrix(graph, X, model), weights);
}

/** A column for each row of the fit. */
function kernelMatrix(graph: GraphBuilder, X: string, model: KernelRidgeModel): string {
  const { sigma = 1, degree = 1, constant = 1 } = model.options.kernelOptions;
  const { compute } = bound(graph);
  const distance = () => squaredDistances(graph, X, model);
  const length = () => graph.compute('Sqrt', distance());
  const decay = (values: string, divisor: number) => graph.compute('Exp', compute('Div', values, -divisor));
  switch (model.options.kernelType) {
    case 'linear':
      return products(graph, X, model);
    case 'gaussian':
    case 'rbf':
      return decay(distance(), 2 * sigma * sigma);
    case 'exponential':
      return decay(length(), 2 * sigma * sigma);
    case 'laplacian':
      return decay(length(), sigma);
    case 'cauchy':
      return compute('Pow', compute('Add', compute('Div', distance(), sigma * sigma), 1), -1);
    case 'multiquadratic':
      return graph.compute('Sqrt', compute('Add', distance(), constant ** 2));
    case 'rational': {
      // 1 - d / (d + constant)
      const shifted = compute('Add', distance(), constant);
      return graph.compute('Div', graph.number(constant), shifted);
    }
    case 'histogram':
    case 'min':
      return sumOverFeatures(graph, X, model, (column, values) => graph.compute('Min', column, values));
    case 'anova':
      return sumOverFeatures(graph, X, model, (column, values, i) => {
        const power = (value: string) => compute('Pow', value, i + 1);
        const difference = graph.compute('Sub', power(column), power(values));
        const squared = compute('Mul', compute('Pow', difference, 2), -sigma);
        return compute('Pow', graph.compute('Exp', squared), degree);
      });
  }
}

/** Operators whose second input is a number. */
function bound(graph: GraphBuilder) {
  return {
    compute: (operator: 'Add' | 'Div' | 'Mul' | 'Pow', value: string, number: number) =>
      graph.compute(operator, value, graph.number(number)),
  };
}

function products(graph: GraphBuilder, X: string, { inputs, width }: KernelRidgeModel): string {
  const rowCount = inputs.length / width;
  const transposed = inputs.map(
    (_, at) => inputs[(at % rowCount) * width + Math.floor(at / rowCount)] as number,
  );
  return graph.compute('MatMul', X, graph.doubles(transposed, [width, rowCount]));
}

function squaredDistances(graph: GraphBuilder, X: string, model: KernelRidgeModel): string {
  return sumOverFeatures(graph, X, model, (column, values) => {
    const difference = graph.compute('Sub', column, values);
    return graph.compute('Mul', difference, difference);
  });
}

/** Sums what `term` makes of a feature's column and its values in the rows of the fit, as one row. */
function sumOverFeatures(
  graph: GraphBuilder,
  X: string,
  { inputs, width }: KernelRidgeModel,
  term: (column: string, values: string, feature: number) => string,
): string {
  const rowCount = inputs.length / width;
  const terms = Array.from({ length: width }, (_, feature) => {
    const values = Float64Array.from(
      { length: rowCount },
      (_, row) => inputs[row * width + feature] as number,
    );
    return term(graph.column(X, feature), graph.doubles(values, [1, rowCount]), feature);
  });
  return terms.reduce((sum, each) => graph.compute('Add', sum, each));
}
