/** Plain objects and arrays, as documents. */
import { isPlainObject } from '../../frame/tabular.ts';
import type { Document } from '../../mongo/bson.ts';
import { narrowIntegers } from '../../mongo/element.ts';
import { insertMissing } from '../../mongo/insert.ts';
import { writeDocuments } from '../document-write.ts';
import { requireInt64 } from '../integers.ts';
import { collectionToRead, type Kind } from '../kind.ts';
import { requireAllColumns } from '../names.ts';
import { documentIds } from '../write-ids.ts';

/**
 * A put adds a document with the value; a list of lists adds one for each. So `get` returns a list of what
 * was put, in that order.
 */
export const pythonData: Kind<unknown[]> = {
  name: 'python.data',
  appends: true,
  supports: (value) => Array.isArray(value) || isPlainObject(value),
  async put(value, write, context) {
    requireInt64(value, write.name);
    const items = Array.isArray(value) && Array.isArray(value[0]) ? value : [value];
    const idOf = documentIds(write.writeId);
    const documents: Document[] = items.map((data: unknown, i) => ({ _id: idOf(i), data }));
    const collection = await writeDocuments(write, context, (into) => insertMissing(into, documents));
    return { collection, objid: idOf(items.length - 1) };
  },
  async get(metadata, { columns }, context) {
    requireAllColumns(metadata.name, columns);
    const collection = context.mongo.db.collection(collectionToRead(metadata, context));
    const values: unknown[] = [];
    for await (const { data } of collection.find({}, { useBigInt64: true }))
      values.push(narrowIntegers(data));
    return values;
  },
};
