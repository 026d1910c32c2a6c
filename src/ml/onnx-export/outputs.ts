/** The outputs of an exported model, under the names that skl2onnx gives them. */
import type { Label, Target } from '../state.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** `variable`: a matrix of doubles with a column for each target. */
export function declareNumbers(graph: GraphBuilder, { names }: Target, matrix: string): void {
  graph.output({ name: 'variable', type: 'float64', dims: [null, names.length] }, matrix);
}

/**
 * `label`: the label of highest probability, the first of several; strings or whole numbers, false as 0 and true
 * as 1. `probabilities`: a matrix of doubles with a column for each class.
 */
export function declareClasses(graph: GraphBuilder, classes: readonly Label[], matrix: string): void {
  const codes = graph.node('ArgMax', [matrix], { axis: 1, keepdims: 0 });
  const strings = classes.filter((label) => typeof label === 'string');
  const isText = strings.length === classes.length;
  const labels = isText ? graph.strings(strings) : graph.integers(classes.map(Number));
  const label = graph.node('Gather', [labels, codes], { axis: 0 });
  graph.output({ name: 'label', type: isText ? 'string' : 'int64', dims: [null] }, label);
  graph.output({ name: 'probabilities', type: 'float64', dims: [null, classes.length] }, matrix);
}
