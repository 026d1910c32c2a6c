/** Arrays of numbers, as numpy's `.npy` in GridFS. */
import { NdArray } from '../../frame/nd-array.ts';
import { type Kind, readFile } from '../kind.ts';
import { requireAllColumns } from '../names.ts';
import { decodeNpy, encodeNpy, toNdArray } from '../npy.ts';

export const ndarrayBin: Kind<NdArray> = {
  name: 'ndarray.bin',
  appends: false,
  supports: (value) => value instanceof NdArray || isTypedArray(value),
  async put(value, { name, writeId }, { files, key }) {
    const array = toNdArray(value);
    const kindMeta = {
      dtype: array.dtype,
      shape: [...array.shape],
      save_method: 'np.save',
      allow_pickle: false,
    };
    return { gridfile: await files.write(key(name, 'np'), encodeNpy(array), writeId), kindMeta };
  },
  async get(metadata, { columns }, context) {
    requireAllColumns(metadata.name, columns);
    return decodeNpy(await readFile(metadata, context), metadata.name);
  },
};

/** A Uint8Array, as a Buffer, is a file. */
function isTypedArray(value: unknown): boolean {
  return ArrayBuffer.isView(value) && !(value instanceof Uint8Array) && !(value instanceof DataView);
}
