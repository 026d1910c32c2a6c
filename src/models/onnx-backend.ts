/** ONNX files as models: those put here, and those that Python stored with `om.models.put('m.onnx', 'm')`. */
import { CorruptObject } from '../errors.ts';
import type { FitContext } from '../ml/estimator.ts';
import { type OnnxModel, openOnnx, predictOnnx, predictProbaOnnx, scoreOnnx } from '../ml/onnx.ts';
import { readBytes } from './file-backend.ts';
import type { ModelBackend } from './model-backend.ts';

/** An ONNX file. */
export interface OnnxBytes {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Once it is opened. */
  opened?: OnnxModel;
}

/** ONNX files can predict and score; they are fitted where they are made. */
export const onnxBackend: ModelBackend<OnnxBytes> = {
  name: 'onnx',
  supports: (value) =>
    value instanceof Uint8Array ? looksLikeOnnx(value) : typeof value === 'string' && value.endsWith('.onnx'),
  fromValue: async (value) => ({ name: 'onnx', bytes: await readBytes(value) }),
  toValue: ({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  recognizes: ({ name, bytes }) => name.endsWith('.onnx') || looksLikeOnnx(bytes),
  unpack: ({ name, bytes }) => ({ name, bytes }),
  pack: ({ bytes }) => ({ bytes, kindMeta: {} }),
  isFitted: () => true,
  features: () => null,
  toOnnx: ({ bytes }) => bytes,
  predict: async (file, X, context) => predictOnnx(await load(file, context), X, context),
  predictProba: async (file, X, context) => predictProbaOnnx(await load(file, context), X, context),
  preload: async (file, context) => {
    await load(file, context);
  },
  score: async (file, X, y, context, options) => scoreOnnx(await load(file, context), X, y, context, options),
};

async function load(file: OnnxBytes, context: FitContext): Promise<OnnxModel> {
  const { name, bytes } = file;
  try {
    file.opened ??= await openOnnx(bytes, context);
    return file.opened;
  } catch (error) {
    if (!(error instanceof CorruptObject)) throw error;
    throw new CorruptObject(`model '${name}' cannot be loaded: ${error.message}`, { cause: error });
  }
}

/** Field 1 of a `ModelProto`, `ir_version`, as a varint: every writer puts it first. */
const IR_VERSION_TAG = 0x08;
const MAX_IR_VERSION = 127;
/** Tags of the fields that may come second: producer_name, producer_version, domain, graph, opset_import. */
const SECOND_TAGS: ReadonlySet<number | undefined> = new Set([0x12, 0x1a, 0x22, 0x3a, 0x42]);

/** Judges by the first bytes, so that a damaged file is still taken for what it was meant to be. */
function looksLikeOnnx([tag, version = 0, next]: Uint8Array): boolean {
  return tag === IR_VERSION_TAG && version > 0 && version <= MAX_IR_VERSION && SECOND_TAGS.has(next);
}
