/** What became of the tasks, by their results in MongoDB. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mongo } from '../../../src/mongo/client.ts';
import { READY_STATES } from '../../../src/protocol/states.ts';
import type { Expectation, Sending } from './journal.ts';

export const RESULTS = 'celery_taskmeta';
const POLL_MS = 500;

export interface StoredResult {
  readonly _id: string;
  readonly status: string;
  /** JSON. */
  readonly result: string;
  readonly date_done: Date | null;
}

export type Results = ReadonlyMap<string, StoredResult>;

/** What is expected of every task that was confirmed, also of those that were sent by others. */
export function expectationsOf(sendings: readonly Sending[], results: Results): readonly Expectation[] {
  return sendings.flatMap(({ confirmedAt, expected }) =>
    confirmedAt === null ? [] : expected.flatMap((each) => withSent(each, results)),
  );
}

/** Waits until every confirmed task has ended. Answers with all results, also when some have not ended in time. */
export async function untilEnded(
  mongo: Mongo,
  sendings: readonly Sending[],
  patienceMs: number,
): Promise<Results> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const results = await readResults(mongo);
    const open = expectationsOf(sendings, results).filter(({ id }) => !hasEnded(results.get(id)));
    if (open.length === 0 || Date.now() > deadline) return results;
    await sleep(POLL_MS);
  }
}

export function hasEnded(result: StoredResult | undefined): boolean {
  return result !== undefined && READY_STATES.includes(result.status);
}

async function readResults(mongo: Mongo): Promise<Results> {
  const documents = await mongo.db.collection<StoredResult>(RESULTS).find().toArray();
  return new Map(documents.map((document) => [document._id, document]));
}

function withSent(expected: Expectation, results: Results): readonly Expectation[] {
  const { sends, id } = expected;
  const result = results.get(id);
  if (sends === undefined || !hasEnded(result) || result?.status !== 'SUCCESS') return [expected];
  return [expected, { ...sends, id: JSON.parse(result.result) as string }];
}
