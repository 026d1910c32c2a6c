/** Files in GridFS, in the form that pymongo and omega|ml write. */
import { CorruptObject } from '../errors.ts';
import { Binary, type Collection, type Db, ObjectId } from '../mongo/bson.ts';
import { countRead, countWritten } from '../mongo/traffic.ts';
import { ensureIndex } from './indexes.ts';
import { fileCollection } from './names.ts';
import { attemptId, idsOf } from './write-ids.ts';

const CHUNK_BYTES = 261_120;
/** Largest file that is read: as large as a buffer may be everywhere. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** How many chunks are read or written at a time: about 16 MB. */
const CHUNKS_PER_BATCH = 64;

interface FileDocument {
  readonly _id: ObjectId;
  readonly filename: string;
  readonly encoding: null;
  readonly chunkSize: number;
  readonly length: number;
  readonly uploadDate: Date;
}

interface ChunkDocument {
  readonly _id: ObjectId;
  readonly files_id: ObjectId;
  readonly n: number;
  readonly data: Binary;
}

/** The files of one bucket. */
export interface FileStore {
  /**
   * Writes a new file and returns its `_id`. The file counts as written when this resolves, not before.
   *
   * @param writeId the same for every attempt at this write; {@link FileStore.listOthers} and
   *   {@link FileStore.removeOthers} find the file by it. Default: nothing does.
   */
  write(filename: string, bytes: Uint8Array, writeId?: string): Promise<ObjectId>;
  /** @throws CorruptObject when the file is not there, or chunks of it are missing. */
  read(id: ObjectId): Promise<Buffer>;
  /** Does nothing when there is no such file. */
  remove(id: ObjectId): Promise<void>;
  /** The files that all attempts under a write id have written, but for the files to keep. */
  listOthers(writeId: string, keep: readonly ObjectId[]): Promise<ObjectId[]>;
  /** Removes what all attempts under a write id have written, whole or in part, but for the files to keep. */
  removeOthers(writeId: string, keep: readonly ObjectId[]): Promise<void>;
}

export function createFileStore(db: Db, bucket: string): FileStore {
  const files = db.collection<FileDocument>(`${fileCollection(bucket)}.files`);
  const chunks = db.collection<ChunkDocument>(`${fileCollection(bucket)}.chunks`);
  let indexed: Promise<unknown> | undefined;

  function ensureIndexes(): Promise<unknown> {
    indexed ??= Promise.all([
      ensureIndex(chunks, ['files_id', 'n'], { unique: true }),
      ensureIndex(files, ['filename', 'uploadDate']),
    ]).catch((error: unknown) => {
      indexed = undefined;
      throw error;
    });
    return indexed;
  }

  async function remove(id: ObjectId): Promise<void> {
    await files.deleteOne({ _id: id });
    await chunks.deleteMany({ files_id: id });
  }

  return {
    async write(filename, bytes, writeId) {
      await ensureIndexes();
      const id = writeId === undefined ? new ObjectId() : attemptId(writeId);
      const { length } = bytes;
      const form = { encoding: null, chunkSize: CHUNK_BYTES };
      try {
        await writeChunks(chunks, id, bytes);
        await files.insertOne({ _id: id, filename, ...form, length, uploadDate: new Date() });
        return id;
      } catch (error) {
        await remove(id).catch(() => undefined);
        throw error;
      }
    },
    async read(id) {
      const file = await files.findOne({ _id: id });
      if (!file)
        throw new CorruptObject(`the file ${id.toHexString()} is not in GridFS: put the object again`);
      return readChunks(chunks, id, checkLength(id, Number(file.length)));
    },
    remove,
    async listOthers(writeId, keep) {
      const found = files.find({ _id: othersOf(writeId, keep) }, { projection: { _id: 1 } });
      return (await found.toArray()).map(({ _id }) => _id);
    },
    async removeOthers(writeId, keep) {
      const others = othersOf(writeId, keep);
      await files.deleteMany({ _id: others });
      await chunks.deleteMany({ files_id: others });
    },
  };
}

/** Matches the ids of what all attempts under a write id have written, but for those to keep. */
function othersOf(writeId: string, keep: readonly ObjectId[]) {
  return { ...idsOf(writeId), $nin: keep };
}

async function writeChunks(
  chunks: Collection<ChunkDocument>,
  id: ObjectId,
  bytes: Uint8Array,
): Promise<void> {
  const count = Math.ceil(bytes.length / CHUNK_BYTES);
  for (let first = 0; first < count; first += CHUNKS_PER_BATCH) {
    const size = Math.min(CHUNKS_PER_BATCH, count - first);
    const batch = Array.from({ length: size }, (_, i) => {
      const n = first + i;
      const data = new Binary(Buffer.from(bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)));
      return { _id: new ObjectId(), files_id: id, n, data };
    });
    await chunks.insertMany(batch);
    countWritten(batch.reduce((sum, { data }) => sum + data.position, 0));
  }
}

/** Whoever wrote the file has written its length too: a wrong one must not take all memory. */
function checkLength(id: ObjectId, length: number): number {
  if (Number.isSafeInteger(length) && length >= 0 && length <= MAX_FILE_BYTES) return length;
  throw new CorruptObject(
    `the file ${id.toHexString()} in GridFS has a length of ${length}: at most ${MAX_FILE_BYTES} bytes can be read`,
  );
}

async function readChunks(chunks: Collection<ChunkDocument>, id: ObjectId, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let offset = 0;
  let next = 0;
  const cursor = chunks.find({ files_id: id }, { sort: { n: 1 }, batchSize: CHUNKS_PER_BATCH });
  for await (const { n, data } of cursor) {
    if (n !== next) break;
    offset += Buffer.from(data.buffer.buffer, data.buffer.byteOffset, data.position).copy(bytes, offset);
    next += 1;
  }
  countRead(offset);
  if (offset === length) return bytes;
  throw new CorruptObject(
    `the file ${id.toHexString()} has ${offset} of its ${length} bytes in GridFS: put the object again`,
  );
}
