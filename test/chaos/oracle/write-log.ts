/** Every write to the results, in order, as MongoDB's members agreed on it: its change stream, read afterwards. */
import { randomUUID } from 'node:crypto';
import type { Mongo } from '../../../src/mongo/client.ts';
import { RESULTS } from './results.ts';

/** Marks in the stream where the log begins and ends. */
const MARKS = 'chaos_marks';
const PATIENCE_MS = 60_000;

export interface WriteLog {
  /** The states that were written for each task, from the opening of the log until now. */
  read(): Promise<ReadonlyMap<string, readonly string[]>>;
}

interface Change {
  /** The token to resume after it. */
  readonly _id: unknown;
  readonly operationType: string;
  readonly ns: { readonly coll: string };
  readonly documentKey: { readonly _id: string };
  readonly fullDocument?: { readonly status?: string };
}

export async function openWriteLog(mongo: Mongo): Promise<WriteLog> {
  const stream = watch(mongo, {});
  // The stream begins when it is asked first.
  const first = stream.tryNext();
  const begin = await mark(mongo);
  let event: Change | null = await first;
  event = await untilMark(stream, event, begin, () => undefined);
  await stream.close();
  return { read: () => readSince(mongo, event._id) };
}

async function readSince(mongo: Mongo, token: unknown): Promise<ReadonlyMap<string, readonly string[]>> {
  const end = await mark(mongo);
  const stream = watch(mongo, { resumeAfter: token });
  const written = new Map<string, string[]>();
  await untilMark(stream, null, end, (event) => {
    const id = event.documentKey._id;
    const states = written.get(id) ?? [];
    states.push(event.fullDocument?.status ?? event.operationType);
    written.set(id, states);
  });
  await stream.close();
  return written;
}

interface ChangeStream {
  tryNext(): Promise<Change | null>;
  close(): Promise<void>;
}

function watch(mongo: Mongo, options: object): ChangeStream {
  const pipeline = [{ $match: { 'ns.coll': { $in: [RESULTS, MARKS] } } }];
  return mongo.db.watch(pipeline, { ...options, maxAwaitTimeMS: 100 }) as unknown as ChangeStream;
}

async function mark(mongo: Mongo): Promise<string> {
  const id = randomUUID();
  await mongo.db.collection<{ _id: string }>(MARKS).insertOne({ _id: id });
  return id;
}

async function untilMark(
  stream: ChangeStream,
  first: Change | null,
  end: string,
  visit: (event: Change) => void,
): Promise<Change> {
  const deadline = Date.now() + PATIENCE_MS;
  let event = first;
  while (Date.now() < deadline) {
    if (event?.ns.coll === MARKS && event.documentKey._id === end) return event;
    if (event?.ns.coll === RESULTS) visit(event);
    event = await stream.tryNext();
  }
  throw new Error(`the writes to the results could not be read within ${PATIENCE_MS / 1000} s`);
}
