/** ONNX files that no converter would write, byte by byte (https://onnx.ai/onnx/repo-docs/IR.html). */

type Part = readonly [field: number, value: Uint8Array | string | number | bigint];

/** Types of elements. */
const [FLOAT, INT64, DOUBLE] = [1, 7, 11];

/** By what they are; each takes a column of doubles, and would answer with one. */
export function hostileOnnxFiles(): [string, Buffer][] {
  const size = (count: bigint) => message([1, 1], [2, INT64], [7, varint(count)], [8, 'S']);
  const outside = (location: string) => {
    const where = message([1, 'location'], [2, location]);
    return message([1, 1], [2, DOUBLE], [8, 'W'], [13, where], [14, 1]);
  };
  const external = (location: string) => model([node('Add', ['X', 'W'], 'Y')], [outside(location)]);
  return [
    ['weights in a file by its path', external('/etc/passwd')],
    ['weights in a file above', external('../../../../etc/hostname')],
    ['weights in a file of /proc', external('/proc/self/environ')],
    ['a constant of 8 TB', model([node('ConstantOfShape', ['S'], 'Y')], [size(10n ** 12n)], FLOAT)],
    ['a shape that does not fit', model([node('Reshape', ['X', 'S'], 'Y')], [size(7_777_777n)])],
    [
      'a weight whose size is a lie',
      model([node('Add', ['X', 'W'], 'Y')], [message([1, 2n ** 40n], [2, DOUBLE], [8, 'W'])]),
    ],
    ['an operator that there is not', model([node('System', ['X'], 'Y')], [])],
    ['a node that takes its own output', model([node('Add', ['X', 'Y'], 'Y')], [])],
    ['bytes that are no model', Buffer.concat([Buffer.from([8, 8, 0x3a]), Buffer.alloc(1_000, 0xff)])],
    ['nothing after the first bytes', Buffer.from([8, 8, 0x3a])],
    [
      '50,000 nodes',
      model(
        Array.from({ length: 50_000 }, () => node('Nothing', ['X'], 'Y')),
        [],
      ),
    ],
  ];
}

function model(nodes: readonly Buffer[], weights: readonly Buffer[], output = DOUBLE): Buffer {
  const graph = message(
    ...nodes.map((each): Part => [1, each]),
    [2, 'g'],
    ...weights.map((each): Part => [5, each]),
    [11, tensor('X')],
    [12, tensor('Y', output)],
  );
  return message([1, 8], [7, graph], [8, message([2, 17])]);
}

/** An input or output: rows of one double each. */
function tensor(name: string, type = DOUBLE): Buffer {
  const shape = message([1, message([2, 'rows'])], [1, message([1, 1])]);
  return message([1, name], [2, message([1, message([1, type], [2, shape])])]);
}

function node(type: string, inputs: readonly string[], output: string): Buffer {
  return message(...inputs.map((input): Part => [1, input]), [2, output], [4, type]);
}

/** A protobuf message: whole numbers as varints, the rest with its length before it. */
function message(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.flatMap(([field, value]) => {
      if (typeof value === 'number' || typeof value === 'bigint') {
        return [varint(BigInt(field << 3)), varint(BigInt(value))];
      }
      const bytes = Buffer.from(value);
      return [varint(BigInt((field << 3) | 2)), varint(BigInt(bytes.length)), bytes];
    }),
  );
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
