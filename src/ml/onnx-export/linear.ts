/** Linear functions of the features: MatMul and Add, in doubles. */
import { float64Array, type ModelState } from '../state.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** A matrix with a column for each intercept. Weight of feature i for column j at `j * width + i`. */
export function linearScores(graph: GraphBuilder, X: string, state: ModelState): string {
  const weights = float64Array(state, 'weights');
  const intercepts = float64Array(state, 'intercepts');
  const count = intercepts.length;
  const width = weights.length / count;
  const byFeature = weights.map((_, at) => weights[(at % count) * width + Math.floor(at / count)] as number);
  const products = graph.compute('MatMul', X, graph.doubles(byFeature, [width, count]));
  return graph.compute('Add', products, graph.doubles(intercepts));
}

/** A column for each class: of two classes, the second has the only linear function, and the first has zero. */
export function logisticProbabilities(graph: GraphBuilder, X: string, state: ModelState): string {
  const scores = linearScores(graph, X, state);
  const isBinary = float64Array(state, 'intercepts').length === 1;
  const all = isBinary ? graph.concat([graph.compute('Mul', scores, graph.number(0)), scores]) : scores;
  return graph.node('Softmax', [all], { axis: 1 });
}
