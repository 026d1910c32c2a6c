/** The port to stored results and groups: a result backend that can be read. */
import type { ResultMeta } from '../protocol/result.ts';

export interface StoredResults {
  /** Reads many at once; tasks of which nothing is stored are left out. */
  fetchResults(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultMeta>>;
  /** Notes the members of a group. */
  saveGroup(groupId: string, taskIds: readonly string[]): Promise<void>;
  /** The members of a saved group, null if there is none of this id. */
  fetchGroup(groupId: string): Promise<readonly string[] | null>;
}
