/** Fitted estimators as ONNX models. */
import type { Estimator } from '../estimator.ts';
import type { ModelState } from '../state.ts';
import { GraphBuilder } from './graph-builder.ts';
import { declareInputs } from './inputs.ts';
import { encodeModel } from './model-proto.ts';

/** The bytes of an ONNX file that predicts what the estimator does, in doubles. */
export function exportOnnx(estimator: Estimator, state: ModelState): Uint8Array {
  const graph = new GraphBuilder();
  estimator.toGraph(state, graph, declareInputs(graph, state.meta));
  return encodeModel(graph.finish());
}
