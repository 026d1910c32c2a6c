/** The curves of ml-regression as formulas of the one or two columns of X; parameters as the curves have them. */
import type { GraphBuilder } from './graph-builder.ts';

/** Returns a matrix of one column. */
type Formula = (graph: GraphBuilder, X: string, params: Iterable<number>) => string;

/** intercept + slope · x */
export const lineFormula: Formula = (graph, X, [intercept = 0, slope = 0]) => {
  return graph.compute('Add', graph.compute('Mul', X, graph.number(slope)), graph.number(intercept));
};

/** e^(intercept + slope · x) */
export const exponentialFormula: Formula = (graph, X, params) => {
  return graph.compute('Exp', lineFormula(graph, X, params));
};

/** A · x^B */
export const powerFormula: Formula = (graph, X, [A = 0, B = 0]) => {
  return graph.compute('Mul', graph.compute('Pow', X, graph.number(B)), graph.number(A));
};

/** The sum of coefficient · t^power, of the scaled t. */
export function polynomialFormula(
  graph: GraphBuilder,
  X: string,
  [shift = 0, scale = 1, ...coefficients]: Float64Array,
  powers: readonly number[],
): string {
  const t = scaled(graph, X, shift, scale);
  const values = powers.map((power) => graph.compute('Pow', t, graph.number(power)));
  return weighted(graph, values, coefficients);
}

/** The sum of coefficient · t1^i · t2^j, of the scaled columns. */
export function surfaceFormula(
  graph: GraphBuilder,
  X: string,
  [shift1 = 0, scale1 = 1, shift2 = 0, scale2 = 1, ...coefficients]: Float64Array,
  terms: readonly (readonly [number, number])[],
): string {
  const first = scaled(graph, graph.column(X, 0), shift1, scale1);
  const second = scaled(graph, graph.column(X, 1), shift2, scale2);
  const values = terms.map(([i, j]) =>
    graph.compute(
      'Mul',
      graph.compute('Pow', first, graph.number(i)),
      graph.compute('Pow', second, graph.number(j)),
    ),
  );
  return weighted(graph, values, coefficients);
}

function scaled(graph: GraphBuilder, x: string, shift: number, scale: number): string {
  return graph.compute('Div', graph.compute('Sub', x, graph.number(shift)), graph.number(scale));
}

function weighted(graph: GraphBuilder, columns: readonly string[], coefficients: readonly number[]): string {
  const weights = graph.doubles(coefficients, [coefficients.length, 1]);
  return graph.compute('MatMul', graph.concat(columns), weights);
}
