/** Notebooks, as JSON in GridFS. */
import { randomUUID } from 'node:crypto';
import { InvalidNotebook } from '../../errors.ts';
import { isPlainObject } from '../../frame/tabular.ts';
import { type Kind, readFile } from '../kind.ts';
import { requireAllColumns } from '../names.ts';

/** A notebook of nbformat 4, as its JSON has it. What is in the cells is checked when it is run. */
export interface NotebookDocument {
  nbformat: 4;
  nbformat_minor: number;
  metadata: Record<string, unknown>;
  cells: Record<string, unknown>[];
}

/** A put takes a notebook as an object, as JSON text, or as the bytes of an `.ipynb` file. */
export const scriptIpynb: Kind<NotebookDocument> = {
  name: 'script.ipynb',
  appends: false,
  supports: (value) => typeof value === 'string' || value instanceof Uint8Array || isPlainObject(value),
  async put(value, { name, writeId }, { files }) {
    return { gridfile: await files.write(newFilename(), encodeNotebook(value, name), writeId) };
  },
  async get(metadata, { columns }, context) {
    requireAllColumns(metadata.name, columns);
    return parseNotebook(await readFile(metadata, context), metadata.name);
  },
};

/** The bytes of a notebook's file. @throws InvalidNotebook */
export function encodeNotebook(value: unknown, name: string): Buffer {
  return Buffer.from(`${JSON.stringify(parseNotebook(value, name), null, 1)}\n`);
}

/** A filename as omega|ml gives it to a notebook: at random. */
export function newFilename(): string {
  return randomUUID().replaceAll('-', '');
}

function parseNotebook(value: unknown, name: string): NotebookDocument {
  const parsed = typeof value === 'string' || value instanceof Uint8Array ? parseJson(value, name) : value;
  if (isNotebook(parsed)) return parsed;
  throw new InvalidNotebook(`'${name}' is no notebook of nbformat 4: give the content of an .ipynb file`);
}

function parseJson(content: string | Uint8Array, name: string): unknown {
  try {
    return JSON.parse(
      Buffer.from(content)
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    );
  } catch (cause) {
    throw new InvalidNotebook(
      `'${name}' is no notebook, it is not JSON: give the content of an .ipynb file`,
      {
        cause,
      },
    );
  }
}

function isNotebook(value: unknown): value is NotebookDocument {
  if (!isPlainObject(value)) return false;
  const { nbformat, metadata, cells } = value;
  return nbformat === 4 && isPlainObject(metadata) && Array.isArray(cells) && cells.every(isPlainObject);
}
