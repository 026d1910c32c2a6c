/** Saved groups in MongoDB, in the collection and form of Celery's (celery/backends/mongodb.py `_save_group`). */
import { ProtocolError } from '../errors.ts';
import type { Mongo } from '../mongo/client.ts';
import { parseJson } from '../protocol/json.ts';
import { reaching } from './reaching.ts';

const COLLECTION = 'celery_groupmeta';

interface GroupMeta {
  readonly _id: string;
  /** JSON text of the list of ids. */
  readonly result: unknown;
  readonly date_done: Date;
}

export interface Groups {
  save(groupId: string, taskIds: readonly string[]): Promise<void>;
  /** Null if there is no group of this id. @throws ProtocolError if it is not stored as JSON. */
  fetch(groupId: string): Promise<readonly string[] | null>;
  /** Removes the groups that were saved before. */
  removeOlder(than: Date): Promise<void>;
}

export function openGroups(mongo: Mongo): Groups {
  const groups = mongo.db.collection<GroupMeta>(COLLECTION);
  return {
    async save(groupId, taskIds) {
      const result = `[${taskIds.map((id) => JSON.stringify(id)).join(', ')}]`;
      const group = { _id: groupId, result, date_done: new Date() };
      await reaching(async () => {
        await groups.createIndex({ date_done: 1 }, { name: 'date_done_1', background: true });
        await groups.replaceOne({ _id: groupId }, group, { upsert: true });
      });
    },
    async fetch(groupId) {
      const group = await reaching(() => groups.findOne({ _id: groupId }));
      return group && idsOf(group);
    },
    removeOlder: async (than) => void (await reaching(() => groups.deleteMany({ date_done: { $lt: than } }))),
  };
}

function idsOf({ _id, result }: GroupMeta): readonly string[] {
  const ids = typeof result === 'string' ? parseJson(result) : null;
  const isId = (id: unknown): id is string => typeof id === 'string';
  if (Array.isArray(ids) && ids.every(isId)) return ids;
  throw new ProtocolError(
    `group ${_id} is not stored as a JSON list of ids: set result_serializer='json' where it was saved`,
  );
}
