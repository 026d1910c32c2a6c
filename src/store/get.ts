/** Reads objects, whole or in blocks: as they were before somebody replaced them, or as they are after. */
import { InvalidData, InvalidOptions, OperationalError } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { mapUnavailable, orUnreachable } from '../mongo/availability.ts';
import { kindToRead } from './choose-kind.ts';
import type { Kind, Read } from './kind.ts';
import type { Metadata } from './metadata.ts';
import { parseDatasetName } from './names.ts';
import type { StoreParts } from './put.ts';
import { parseWhere, type Where } from './row-filter.ts';

export interface GetOptions {
  /** Only the rows of a table that meet these conditions. A columnar one reads only blocks in which such rows may be. */
  readonly where?: Where;
  /** Ends a long read; the get then fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface BlocksOptions extends GetOptions {
  /** Most rows of a frame; default 65,536. */
  readonly rows?: number;
}

/** Finds an object's metadata. @throws the error for a missing name */
type Find = (name: string) => Promise<Metadata>;

/** How often a get is tried while others replace the object. */
const ATTEMPTS = 5;
const DEFAULT_BLOCK_ROWS = 65_536;

/**
 * Whoever replaces an object moves its metadata before removing the old data. So metadata that have not
 * moved while the data were read prove that the data were whole; otherwise they are read again.
 */
export async function getObject(
  parts: StoreParts,
  text: string,
  options: GetOptions,
  find: Find,
): Promise<unknown> {
  const { name, read } = parseRead(text, options);
  for (let attempt = 1; ; attempt += 1) {
    const metadata = await find(name);
    const kind = kindToRead(parts.kinds, metadata);
    if (read.filters.length > 0) requireBlocks(kind, metadata);
    const [reading] = await Promise.allSettled([kind.get(metadata, read, parts)]);
    if (attempt < ATTEMPTS && (await isReplaced(parts, metadata))) continue;
    if (reading.status === 'fulfilled') return reading.value;
    throw reading.reason;
  }
}

/** A table that was replaced after half of it was given away cannot be read again: the caller must begin anew. */
export async function* getBlocks(
  parts: StoreParts,
  text: string,
  { rows = DEFAULT_BLOCK_ROWS, ...options }: BlocksOptions,
  find: Find,
): AsyncGenerator<DataFrame> {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new InvalidOptions(`rows is ${rows}: give the most rows of a block, an integer of at least 1`);
  }
  const { name, read } = parseRead(text, options);
  const metadata = await mapUnavailable(parts.mongo, () => find(name));
  const readBlocks = requireBlocks(kindToRead(parts.kinds, metadata), metadata);
  let failure: unknown;
  try {
    yield* readBlocks(metadata, { ...read, rows }, parts);
  } catch (error) {
    failure = error;
  }
  if (await mapUnavailable(parts.mongo, () => isReplaced(parts, metadata))) {
    throw new OperationalError(`'${name}' was replaced while its blocks were read: read it again`, {
      cause: failure,
    });
  }
  if (failure !== undefined) throw orUnreachable(parts.mongo, failure);
}

/** Bytes that a get would take, about; null where nobody knows. */
export async function sizeOf(parts: StoreParts, text: string, find: Find): Promise<number | null> {
  const { name, read } = parseRead(text, {});
  const metadata = await find(name);
  return kindToRead(parts.kinds, metadata).sizeOf?.(metadata, read) ?? null;
}

function parseRead(text: string, { where, signal }: GetOptions): { name: string; read: Read } {
  const { name, columns } = parseDatasetName(text);
  const filters = where === undefined ? [] : parseWhere(where);
  return { name, read: { columns, filters, ...(signal && { signal }) } };
}

/** @throws InvalidData for an object that is no table. */
function requireBlocks({ blocks }: Kind, { name, kind }: Metadata): NonNullable<Kind['blocks']> {
  if (blocks) return blocks;
  throw new InvalidData(
    `'${name}' is a ${kind}, which has no rows to filter or to read in blocks: get it whole, or store it as a DataFrame`,
  );
}

async function isReplaced(
  { catalog }: StoreParts,
  { name, collection, gridfile }: Metadata,
): Promise<boolean> {
  const now = await catalog.find(name);
  return now?.collection !== collection || String(now?.gridfile) !== String(gridfile);
}
