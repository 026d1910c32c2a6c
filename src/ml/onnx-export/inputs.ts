/**
 * The inputs of an exported model. Numbers alone: one matrix `X` of doubles, its columns in the order of the fit.
 * With strings among them: as skl2onnx makes from a frame, one input for each column, by its name, of doubles or
 * strings; strings are one-hot encoded in the model. A missing string is the empty string.
 */
import { OperationNotSupported } from '../../errors.ts';
import type { Feature, ModelMeta } from '../state.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { ML_DOMAIN } from './model-proto.ts';

/**
 * Declares the inputs and returns the matrix of the encoded features.
 *
 * @throws OperationNotSupported when a column has what an input cannot tell apart.
 */
export function declareInputs(graph: GraphBuilder, { features }: Pick<ModelMeta, 'features'>): string {
  if (!features.some(({ categories }) => categories)) {
    return graph.input({ name: 'X', type: 'float64', dims: [null, features.length] });
  }
  // All before the first node: its names keep clear of theirs.
  const inputs = features.map(({ name, categories }) => {
    return graph.input({ name, type: categories ? 'string' : 'float64', dims: [null, 1] });
  });
  const columns = features.map((feature, i) => encoded(graph, inputs[i] ?? '', feature));
  return graph.concat(columns);
}

const DOUBLE = 11;

function encoded(graph: GraphBuilder, input: string, { name, categories }: Feature): string {
  if (!categories) return input;
  if (categories.includes('') && categories.includes(null)) {
    throw new OperationNotSupported(
      `column '${name}' has empty strings and missing ones, which are the same in an ONNX model: fill in one of both, and fit again`,
    );
  }
  return oneHot(graph, input, categories);
}

function oneHot(graph: GraphBuilder, input: string, categories: readonly (string | null)[]): string {
  const strings = { cats_strings: categories.map((category) => category ?? ''), zeros: 1 };
  const encoded = graph.node('OneHotEncoder', [input], strings, ML_DOMAIN);
  const flat = graph.node('Reshape', [encoded, graph.integers([-1, categories.length])]);
  return graph.node('Cast', [flat], { to: DOUBLE });
}
