/** Files in a GridFS bucket, by the driver's own means. */
import { GridFSBucket, MongoRuntimeError, ObjectId } from 'mongodb';
import type { Mongo } from './client.ts';

/** No file takes longer to be written. */
const WRITING_SECONDS = 3_600;

/** The files of one bucket. */
export interface Files {
  /** Writes a new file and answers with its id, in hexadecimal; it is there, whole, when this resolves. */
  write(name: string, bytes: Uint8Array): Promise<string>;
  /** Null when there is no such file, or it is longer than `limit` bytes. */
  read(id: string, limit: number): Promise<Buffer | null>;
  /** Removes the files of this name. */
  removeNamed(name: string): Promise<void>;
  /** Removes what was written before, also of files that were never finished. */
  removeOlder(than: Date): Promise<void>;
}

export function openFiles(mongo: Mongo, bucket: string): Files {
  const files = new GridFSBucket(mongo.db, { bucketName: bucket, writeConcern: { w: 'majority' } });
  const remove = async (id: ObjectId): Promise<void> => {
    try {
      await files.delete(id);
    } catch (error) {
      // The driver's word for a file that is not there (any more).
      if (!(error instanceof MongoRuntimeError)) throw error;
    }
  };
  const removeAll = async (filter: object): Promise<void> => {
    const found = await files.find(filter, { projection: { _id: 1 } }).toArray();
    for (const { _id } of found) await remove(_id);
  };
  return {
    async write(name, bytes) {
      const stream = files.openUploadStream(name);
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject).on('finish', resolve).end(bytes);
      });
      return stream.id.toHexString();
    },
    async read(id, limit) {
      const [file] = await files.find({ _id: new ObjectId(id) }).toArray();
      if (file === undefined || file.length > limit) return null;
      const chunks: Buffer[] = [];
      for await (const chunk of files.openDownloadStream(file._id)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    removeNamed: (name) => removeAll({ filename: name }),
    async removeOlder(than) {
      await removeAll({ uploadDate: { $lt: than } });
      // The chunks of a file that is newer than `than` may be a little older.
      const before = ObjectId.createFromTime(than.getTime() / 1000 - WRITING_SECONDS);
      await mongo.db.collection(`${bucket}.chunks`).deleteMany({ _id: { $lt: before } });
    },
  };
}
