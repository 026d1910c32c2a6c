/** Collections that others fill. They are read as a table: nested documents stay objects. */

import { KindNotSupported } from '../../errors.ts';
import { DataFrame } from '../../frame/data-frame.ts';
import { collectionToRead, type Kind } from '../kind.ts';
import { selectColumns } from '../names.ts';
import { readFields } from '../row-reader.ts';

export const pandasRawdict: Kind<DataFrame> = {
  name: 'pandas.rawdict',
  appends: false,
  supports: () => false,
  async put(_, { name }) {
    throw new KindNotSupported(
      `'${name}' is a collection that others fill: write into the collection itself`,
    );
  },
  async get(metadata, { columns, signal }, context) {
    const query = { collection: collectionToRead(metadata, context), wanted: null, signal };
    const { fields, rowCount } = await readFields(context.mongo, query);
    const frame = new DataFrame(fields, [], rowCount);
    return columns === null ? frame : frame.select(selectColumns(columns, frame.columnNames));
  },
};
