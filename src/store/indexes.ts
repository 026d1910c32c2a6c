/** Indexes, named as omega|ml names them. */
import { createHash } from 'node:crypto';
import type { Collection, Document } from '../mongo/bson.ts';

/**
 * Creates an ascending index unless one with these fields exists, under whatever name. The name is the hash
 * that omega|ml would choose (omegaml/store/queryops.py `ensure_index_limit`): two names for one index are
 * an error in MongoDB.
 */
export async function ensureIndex<Stored extends Document>(
  collection: Collection<Stored>,
  fields: readonly string[],
  options: { readonly unique?: boolean } = {},
): Promise<void> {
  if (await hasIndex(collection, fields)) return;
  const key = Object.fromEntries(fields.map((field) => [field, 1 as const]));
  await collection.createIndex(key, { ...options, name: indexName(fields) });
}

async function hasIndex<Stored extends Document>(
  collection: Collection<Stored>,
  fields: readonly string[],
): Promise<boolean> {
  const indexes = await collection.listIndexes().toArray().catch(emptyIfMissing);
  return indexes.some(({ key }) => fields.every((field) => field in key));
}

/** A collection that is not there has no indexes (server error 26, NamespaceNotFound). */
function emptyIfMissing(error: unknown): Document[] {
  if (error instanceof Error && 'code' in error && error.code === 26) return [];
  throw error;
}

/** MD5 of the specification in Python's notation: `[('a', 1), ('b', 1)]`. */
function indexName(fields: readonly string[]): string {
  const specification = fields.map((field) => `(${pythonString(field)}, 1)`).join(', ');
  return createHash('md5').update(`[${specification}]`).digest('hex');
}

function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}
