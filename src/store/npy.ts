/** numpy's `.npy` format (numpy.lib.format): reads versions 1 to 3, writes version 1.0. */
import { CorruptObject, InvalidData, KindNotSupported } from '../errors.ts';
import { type DType, NdArray, type NdValues } from '../frame/nd-array.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
/** numpy leaves room for the first dimension to grow to this many digits. */
const GROWTH_DIGITS = 21;

interface Element {
  readonly dtype: DType;
  readonly bytes: number;
  readonly view: (buffer: ArrayBuffer, offset: number, length: number) => NdValues;
}

/** By the `descr` without its byte order. */
const ELEMENTS: Readonly<Record<string, Element>> = {
  f8: { dtype: 'float64', bytes: 8, view: (...at) => new Float64Array(...at) },
  f4: { dtype: 'float32', bytes: 4, view: (...at) => new Float32Array(...at) },
  i1: { dtype: 'int8', bytes: 1, view: (...at) => new Int8Array(...at) },
  i2: { dtype: 'int16', bytes: 2, view: (...at) => new Int16Array(...at) },
  i4: { dtype: 'int32', bytes: 4, view: (...at) => new Int32Array(...at) },
  i8: { dtype: 'int64', bytes: 8, view: (...at) => new BigInt64Array(...at) },
  u1: { dtype: 'uint8', bytes: 1, view: (...at) => new Uint8Array(...at) },
  u2: { dtype: 'uint16', bytes: 2, view: (...at) => new Uint16Array(...at) },
  u4: { dtype: 'uint32', bytes: 4, view: (...at) => new Uint32Array(...at) },
  u8: { dtype: 'uint64', bytes: 8, view: (...at) => new BigUint64Array(...at) },
  b1: { dtype: 'bool', bytes: 1, view: (...at) => new Uint8Array(...at) },
};

/**
 * @param name of the object, for messages.
 * @throws CorruptObject when the bytes are no `.npy`, or cut off.
 * @throws KindNotSupported for elements that are no numbers or booleans.
 */
export function decodeNpy(bytes: Buffer, name: string): NdArray {
  const { descr, isFortran, shape, start } = parseHeader(bytes, name);
  const element = ELEMENTS[descr.slice(1)];
  if (!element) {
    throw new KindNotSupported(
      `'${name}' is an array of ${descr}, and arrays of numbers or booleans only can be read here: convert it in Python`,
    );
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const end = start + size * element.bytes;
  if (end > bytes.length) {
    throw new CorruptObject(
      `'${name}' should have ${end} bytes and has ${bytes.length}: put the array again`,
    );
  }
  const data = Buffer.from(new ArrayBuffer(end - start));
  bytes.copy(data, 0, start, end);
  if (descr.startsWith('>')) swapBytes(data, element.bytes);
  const values = element.view(data.buffer, 0, size);
  return new NdArray(element.dtype, isFortran ? toCOrder(values, shape) : values, shape);
}

/** The bytes that `np.save` would write. */
export function encodeNpy({ dtype, shape, values }: NdArray): Buffer {
  const code = Object.keys(ELEMENTS).find((candidate) => ELEMENTS[candidate]?.dtype === dtype) ?? '';
  const order = ELEMENTS[code]?.bytes === 1 ? '|' : '<';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const growth = shape.length === 0 ? 0 : Math.max(0, GROWTH_DIGITS - String(shape[0]).length);
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }${' '.repeat(growth)}`;
  const prefix = MAGIC.length + 4;
  const total = Math.ceil((prefix + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(total, ' ');
  MAGIC.copy(header);
  header.writeUInt16LE(0x0001, MAGIC.length);
  header.writeUInt16LE(total - prefix, MAGIC.length + 2);
  header.write(text, prefix, 'latin1');
  header.write('\n', total - 1, 'latin1');
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}

/**
 * The array itself; a typed array becomes one of one dimension.
 *
 * @throws InvalidData for anything else, or a type that numpy has not.
 */
export function toNdArray(value: unknown): NdArray {
  if (value instanceof NdArray) return value;
  const element = Object.values(ELEMENTS).find(({ view, dtype }) => {
    return dtype !== 'bool' && view(new ArrayBuffer(0), 0, 0).constructor === Object(value).constructor;
  });
  if (element) return new NdArray(element.dtype, value as NdValues);
  throw new InvalidData(
    `${Object(value).constructor.name} cannot be stored as an array: use a Float64Array or an NdArray`,
  );
}

interface Header {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Where the data begin. */
  readonly start: number;
}

function parseHeader(bytes: Buffer, name: string): Header {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bytes.length < MAGIC.length + 6) {
    throw new CorruptObject(`'${name}' is no array in numpy's format: put the array again`);
  }
  const major = bytes[MAGIC.length] ?? 0;
  const prefix = MAGIC.length + (major === 1 ? 4 : 6);
  const length = major === 1 ? bytes.readUInt16LE(prefix - 2) : bytes.readUInt32LE(prefix - 4);
  const text = bytes.toString('utf8', prefix, prefix + length);
  const descr = /'descr': '([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order': (True|False)/.exec(text)?.[1];
  const tuple = /'shape': \(([\d, ]*)\)/.exec(text)?.[1];
  if (tuple === undefined || order === undefined) {
    throw new CorruptObject(`the header of the array '${name}' is damaged: put the array again`);
  }
  return {
    descr: descr ?? 'records',
    isFortran: order === 'True',
    shape: tuple
      .split(',')
      .filter((part) => part.trim() !== '')
      .map(Number),
    start: prefix + length,
  };
}

function swapBytes(data: Buffer, size: number): void {
  if (size === 2) data.swap16();
  if (size === 4) data.swap32();
  if (size === 8) data.swap64();
}

/** From Fortran order, in which the first dimension varies fastest. */
function toCOrder(values: NdValues, shape: readonly number[]): NdValues {
  const ordered = values.slice();
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, length) => product * length, 1),
  );
  for (let position = 0; position < values.length; position += 1) {
    let rest = position;
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const length = shape[axis] ?? 1;
      source += (rest % length) * (strides[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    ordered[position] = values[source] ?? 0;
  }
  return ordered;
}
