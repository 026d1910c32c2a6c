/**
 * The inputs of an exported model. Numbers alone: one matrix `X` of doubles, its columns in the order of the fit.
 * With strings among them: as skl2onnx makes from a frame, one input for each column, by its name, of doubles or
 * strings; strings are one-hot encoded in the model. A missing string is the empty string.
 */
import type { ModelMeta } from '../state.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { ML_DOMAIN } from './model-proto.ts';

/** Declares the inputs and returns the matrix of the encoded features. */
export function declareInputs(graph: GraphBuilder, { features }: Pick<ModelMeta, 'features'>): string {
  if (!features.some(({ categories }) => categories)) {
    return graph.input({ name: 'X', type: 'float64', dims: [null, features.length] });
  }
  const columns = features.map(({ name, categories }) => {
    const input = graph.input({ name, type: categories ? 'string' : 'float64', dims: [null, 1] });
    return categories ? oneHot(graph, input, categories) : input;
  });
  return graph.concat(columns);
}

const DOUBLE = 11;

function oneHot(graph: GraphBuilder, input: string, categories: readonly (string | null)[]): string {
  const strings = { cats_strings: categories.map((category) => category ?? ''), zeros: 1 };
  const encoded = graph.node('OneHotEncoder', [input], strings, ML_DOMAIN);
  const flat = graph.node('Reshape', [encoded, graph.integers([-1, categories.length])]);
  return graph.node('Cast', [flat], { to: DOUBLE });
}
