/** ONNX models as bytes: the messages of onnx.proto (https://onnx.ai/onnx/repo-docs/IR.html) that a graph needs. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

type TensorType = 'float64' | 'int64' | 'uint8' | 'string';

/** Constant values; their number is the product of `dims`. */
export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  /** Numbers as they lie in memory, or the strings. */
  readonly values: Uint8Array | readonly string[];
}

/** A whole number or several of them, a string or several, or a tensor. */
export type Attribute = number | Int32Array | string | readonly string[] | Tensor;

export interface GraphNode {
  readonly operator: string;
  /** Empty for the operators of ONNX itself. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output. A dimension that is null is the number of rows. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly (number | null)[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

export const ML_DOMAIN = 'ai.onnx.ml';

/** TreeEnsemble came with version 5 of ai.onnx.ml, in ONNX 1.17, whose format is version 10. */
const IR_VERSION = 10;
const OPSETS: readonly (readonly [domain: string, version: number])[] = [
  ['', 18],
  [ML_DOMAIN, 5],
];

const ELEMENT_TYPES: Readonly<Record<TensorType, number>> = { uint8: 2, int64: 7, string: 8, float64: 11 };
const ATTRIBUTE_TYPES = { int: 2, string: 3, tensor: 4, ints: 7, strings: 8 } as const;

/** A ModelProto. */
export function encodeModel(graph: Graph): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint32(IR_VERSION);
  text(writer, 2, 'omegaml-node');
  message(writer, 7, () => writeGraph(writer, graph));
  for (const [domain, version] of OPSETS) {
    message(writer, 8, () => {
      text(writer, 1, domain);
      writer.tag(2, WireType.Varint).uint32(version);
    });
  }
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, { nodes, constants, inputs, outputs }: Graph): void {
  for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, 'model');
  for (const [name, tensor] of constants) message(writer, 5, () => writeTensor(writer, tensor, name));
  for (const input of inputs) message(writer, 11, () => writeValue(writer, input));
  for (const output of outputs) message(writer, 12, () => writeValue(writer, output));
}

function writeNode(writer: BinaryWriter, { operator, domain, inputs, outputs, attributes }: GraphNode): void {
  for (const input of inputs) text(writer, 1, input);
  for (const output of outputs) text(writer, 2, output);
  text(writer, 4, operator);
  for (const [name, value] of Object.entries(attributes)) {
    message(writer, 5, () => {
      text(writer, 1, name);
      const type = writeAttribute(writer, value);
      writer.tag(20, WireType.Varint).uint32(ATTRIBUTE_TYPES[type]);
    });
  }
  text(writer, 7, domain);
}

/** Returns the type of what it has written. */
function writeAttribute(writer: BinaryWriter, value: Attribute): keyof typeof ATTRIBUTE_TYPES {
  if (typeof value === 'number') {
    writer.tag(3, WireType.Varint).int64(value);
    return 'int';
  }
  if (typeof value === 'string') {
    text(writer, 4, value);
    return 'string';
  }
  if (value instanceof Int32Array) {
    message(writer, 8, () => {
      for (const each of value) writer.int32(each);
    });
    return 'ints';
  }
  if ('dims' in value) {
    message(writer, 5, () => writeTensor(writer, value, ''));
    return 'tensor';
  }
  for (const each of value) text(writer, 9, each);
  return 'strings';
}

function writeTensor(writer: BinaryWriter, { type, dims, values }: Tensor, name: string): void {
  for (const size of dims) writer.tag(1, WireType.Varint).uint32(size);
  writer.tag(2, WireType.Varint).uint32(ELEMENT_TYPES[type]);
  text(writer, 8, name);
  if (values instanceof Uint8Array) writer.tag(9, WireType.LengthDelimited).bytes(values);
  else for (const value of values) text(writer, 6, value);
}

function writeValue(writer: BinaryWriter, { name, type, dims }: GraphValue): void {
  text(writer, 1, name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      writer.tag(1, WireType.Varint).uint32(ELEMENT_TYPES[type]);
      message(writer, 2, () => {
        for (const size of dims) message(writer, 1, () => writeDimension(writer, size));
      });
    });
  });
}

function writeDimension(writer: BinaryWriter, size: number | null): void {
  if (size === null) text(writer, 2, 'rows');
  else writer.tag(1, WireType.Varint).uint32(size);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}
