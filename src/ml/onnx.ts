/**
 * ONNX files as models: the same `predict`, `predictProba` and `score` as the estimators have. All that
 * onnxruntime does runs in threads, chunk by chunk; a chunk under way is never interrupted, for that would
 * end the process.
 */
import { createHash } from 'node:crypto';
import { OperationNotSupported } from '../errors.ts';
import { allocateFloat64, allocateUint8 } from '../frame/allocation.ts';
import type { Column } from '../frame/column.ts';
import { columnFromValues } from '../frame/column-rows.ts';
import { DataFrame } from '../frame/data-frame.ts';
import { concatFloat64 } from './arrays.ts';
import { mapChunks } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import { requireRows } from './features.ts';
import { onnxFeeds } from './onnx-feeds.ts';
import {
  type OnnxFile,
  type OnnxRows,
  type OnnxSignature,
  type OnnxValue,
  onnxInspectKernel,
  onnxRunKernel,
} from './onnx-session.ts';
import { type Score, type ScoreOptions, scorePredictor } from './scoring.ts';

/** A model that onnxruntime has accepted. */
export interface OnnxModel extends OnnxSignature {
  readonly file: OnnxFile;
  /** A classifier's first output holds labels: strings or whole numbers. */
  readonly type: 'classifier' | 'regressor';
}

/** Small enough for a stop within some 100 ms, large enough to cost little. */
const CHUNK_ROWS = 2000;

/**
 * Loads a model once, in a thread, to see what it takes and gives.
 *
 * @throws CorruptObject, MissingDependency
 */
export async function openOnnx(bytes: Uint8Array, { threads }: FitContext): Promise<OnnxModel> {
  const shared = allocateUint8(bytes.length);
  shared.set(bytes);
  const file = { bytes: shared, version: createHash('sha256').update(bytes).digest('hex') };
  const signature = await threads.run(onnxInspectKernel, file);
  const isLabel = ['int64', 'string'].includes(signature.outputs[0]?.type ?? '');
  return { file, ...signature, type: isLabel ? 'classifier' : 'regressor' };
}

/**
 * One column of labels, or a column for each number that a regression gives; named as the output.
 *
 * @throws InvalidData when X does not suit the inputs, OperationNotSupported when the inputs take no table.
 */
export async function predictOnnx(model: OnnxModel, X: DataFrame, context: FitContext): Promise<DataFrame> {
  const [output] = model.outputs;
  if (!output?.type) throw notATensor(output);
  const { values, width } = await run(model, output, X, context);
  if (model.type === 'classifier') return frameOf(X, [[output.name, columnFromValues([...values])]]);
  const numbers = numberColumns(values, width);
  return frameOf(
    X,
    numbers.map((column, i) => [width === 1 ? output.name : `${output.name}_${i}`, column]),
  );
}

/**
 * A column for each class, named `0`, `1`, …: the file does not say which label has which column.
 *
 * @throws OperationNotSupported when the model gives no probabilities, or as a zipmap.
 */
export async function predictProbaOnnx(
  model: OnnxModel,
  X: DataFrame,
  context: FitContext,
): Promise<DataFrame> {
  const [, output] = model.outputs;
  if (model.type === 'regressor' || !output) {
    throw new OperationNotSupported('this ONNX model has no second output with probabilities: call predict');
  }
  if (!output.type) throw notATensor(output);
  const { values, width } = await run(model, output, X, context);
  return frameOf(
    X,
    numberColumns(values, width).map((column, code) => [String(code), column]),
  );
}

/**
 * A classifier's accuracy, a regression's R², or the score asked for. The file does not say which label has which
 * probability: it is taken for the labels that y has, ascending.
 *
 * @throws InvalidData, InvalidOptions, OperationNotSupported
 */
export async function scoreOnnx(
  model: OnnxModel,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
  options?: ScoreOptions,
): Promise<Score> {
  const predictor = {
    type: model.type,
    classes: undefined,
    predict: () => predictOnnx(model, X, context),
    predictProba: () => predictProbaOnnx(model, X, context),
  };
  return scorePredictor(predictor, y, options);
}

async function run(
  model: OnnxModel,
  output: OnnxValue,
  X: DataFrame,
  context: FitContext,
): Promise<OnnxRows> {
  requireRows(X);
  const feeds = onnxFeeds(model.inputs, X);
  const chunks = await mapChunks(context, X.rowCount, CHUNK_ROWS, (rows) =>
    context.threads.run(onnxRunKernel, { file: model.file, feeds, output: output.name, rows }),
  );
  const width = chunks[0]?.width ?? 1;
  const texts = chunks.flatMap(({ values }) => (values instanceof Float64Array ? [] : [values]));
  if (texts.length > 0) return { values: texts.flat(), width };
  return {
    values: concatFloat64(chunks.flatMap(({ values }) => (values instanceof Float64Array ? [values] : []))),
    width,
  };
}

function numberColumns(values: OnnxRows['values'], width: number): Column[] {
  return Array.from({ length: width }, (_, position) => {
    const numbers = allocateFloat64(values.length / width);
    for (let row = 0; row < numbers.length; row += 1) numbers[row] = Number(values[row * width + position]);
    return { type: 'float64', values: numbers };
  });
}

function frameOf(X: DataFrame, columns: readonly (readonly [string, Column])[]): DataFrame {
  return new DataFrame(new Map(columns), X.index, X.rowCount);
}

function notATensor(output: OnnxValue | undefined): OperationNotSupported {
  return new OperationNotSupported(
    `output '${output?.name ?? ''}' of this ONNX model is a list of maps (zipmap), which onnxruntime-node cannot read: convert it with to_onnx(model, options={id(model): {'zipmap': False}})`,
  );
}
