/** Files, as they are, in GridFS. */
import { readFile as readLocalFile } from 'node:fs/promises';
import { InvalidData, KindNotSupported } from '../../errors.ts';
import { type Kind, readFile } from '../kind.ts';
import { requireAllColumns } from '../names.ts';

/** A put takes bytes, or the path of a local file. */
export const pythonFile: Kind<Buffer> = {
  name: 'python.file',
  appends: false,
  supports: (value) => typeof value === 'string' || value instanceof Uint8Array,
  async put(value, { name, writeId }, { files, key }) {
    const bytes = value instanceof Uint8Array ? value : await readPath(String(value), name);
    return { gridfile: await files.write(key(name, 'file'), bytes, writeId), uri: '' };
  },
  async get(metadata, { columns }, context) {
    const { name, uri } = metadata;
    requireAllColumns(name, columns);
    if (!uri) return readFile(metadata, context);
    throw new KindNotSupported(`'${name}' lies outside MongoDB, at ${uri}: read it from there`);
  },
};

async function readPath(path: string, name: string): Promise<Buffer> {
  try {
    return await readLocalFile(path);
  } catch (error) {
    throw new InvalidData(
      `'${path}', to be stored as '${name}', cannot be read: give the path of a file, or bytes`,
      {
        cause: error,
      },
    );
  }
}
