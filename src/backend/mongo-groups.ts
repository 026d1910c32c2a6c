/** Saved groups in MongoDB, in the collection and form of Celery's (celery/backends/mongodb.py `_save_group`). */

import type { JsonText } from '../contract/job.ts';
import { ProtocolError } from '../errors.ts';
import type { Mongo } from '../mongo/client.ts';
import { parseJson } from '../protocol/json.ts';
import { type ResultContent, readStored, writeStored } from '../protocol/result-content.ts';
import { reaching } from './reaching.ts';
import { storedOf } from './task-document.ts';

const COLLECTION = 'celery_groupmeta';

interface GroupMeta {
  readonly _id: string;
  /** The list of ids, as results are written. */
  readonly result: unknown;
  readonly date_done: Date;
}

export interface Groups {
  save(groupId: string, taskIds: readonly string[]): Promise<void>;
  /** Null if there is no group of this id. @throws ProtocolError if it is not stored in what is accepted. */
  fetch(groupId: string): Promise<readonly string[] | null>;
  /** Removes the groups that were saved before. */
  removeOlder(than: Date): Promise<void>;
}

export function openGroups(mongo: Mongo, content: ResultContent): Groups {
  const groups = mongo.db.collection<GroupMeta>(COLLECTION);
  return {
    async save(groupId, taskIds) {
      const ids = `[${taskIds.map((id) => JSON.stringify(id)).join(', ')}]` as JsonText;
      const group = { _id: groupId, result: writeStored(ids, content), date_done: new Date() };
      await reaching(async () => {
        await groups.createIndex({ date_done: 1 }, { name: 'date_done_1', background: true });
        await groups.replaceOne({ _id: groupId }, group, { upsert: true });
      });
    },
    async fetch(groupId) {
      const group = await reaching(() => groups.findOne({ _id: groupId }));
      return group && idsOf(group, content);
    },
    removeOlder: async (than) => void (await reaching(() => groups.deleteMany({ date_done: { $lt: than } }))),
  };
}

function idsOf({ _id, result }: GroupMeta, content: ResultContent): readonly string[] {
  const where = `group ${_id}`;
  const ids = parseJson(readStored(storedOf(where, result), { content, where }));
  const isId = (id: unknown): id is string => typeof id === 'string';
  if (Array.isArray(ids) && ids.every(isId)) return ids;
  throw new ProtocolError(`${where} is not stored as a list of ids: it was not saved by GroupResult.save`);
}
