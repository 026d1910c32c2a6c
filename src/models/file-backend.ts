/** Files that are no model: stored and given back as they are. */
import { readFile } from 'node:fs/promises';
import { InvalidData } from '../errors.ts';
import type { ModelBackend } from './model-backend.ts';

/** Bytes, or the path of a file. */
export const fileBackend: ModelBackend<Uint8Array> = {
  name: 'file',
  supports: (value) => typeof value === 'string' || value instanceof Uint8Array,
  fromValue: (value) => readBytes(value),
  toValue: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  recognizes: () => true,
  unpack: ({ bytes }) => bytes,
  pack: (bytes) => ({ bytes, kindMeta: {} }),
  isFitted: () => true,
  features: () => null,
};

/**
 * The bytes themselves, or those of the file at this path.
 *
 * @throws InvalidData when there is no such file.
 */
export async function readBytes(value: unknown): Promise<Uint8Array> {
  if (value instanceof Uint8Array) return value;
  try {
    return await readFile(String(value));
  } catch (error) {
    throw new InvalidData(`the file '${String(value)}' cannot be read: give the path of a file that exists`, {
      cause: error,
    });
  }
}
