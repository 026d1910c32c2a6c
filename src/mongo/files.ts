/** Files in a GridFS bucket, by the driver's own means. */
import { GridFSBucket, MongoRuntimeError, ObjectId } from 'mongodb';
import type { Mongo } from './client.ts';

/** The files of one bucket. */
export interface Files {
  /** Writes a new file and answers with its id, in hexadecimal; it is there, whole, when this resolves. */
  write(name: string, bytes: Uint8Array): Promise<string>;
  /** Null when there is no such file, or it is longer than `limit` bytes. */
  read(id: string, limit: number): Promise<Buffer | null>;
  /** Does nothing when there is no such file. */
  remove(id: string): Promise<void>;
  /** Removes the files of this name. */
  removeNamed(name: string): Promise<void>;
  /** Removes the files that were written before; answers with how many these were. */
  removeOlder(than: Date): Promise<number>;
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
  const removeAll = async (filter: object): Promise<number> => {
    const found = await files.find(filter, { projection: { _id: 1 } }).toArray();
    for (const { _id } of found) await remove(_id);
    return found.length;
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
    remove: (id) => remove(new ObjectId(id)),
    removeNamed: async (name) => void (await removeAll({ filename: name })),
    removeOlder: (than) => removeAll({ uploadDate: { $lt: than } }),
  };
}
