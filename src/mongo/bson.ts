/** The driver's value types, for folders that may not import the driver itself. */
export {
  type AnyBulkWriteOperation as BulkOperation,
  Binary,
  type Collection,
  type Db,
  type Document,
  Double,
  type Filter,
  Long,
  ObjectId,
  type UpdateFilter,
} from 'mongodb';
