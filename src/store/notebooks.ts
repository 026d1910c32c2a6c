/** `om.jobs`: the notebooks of a bucket and the results of their runs. */
import { NotebookNotFound } from '../errors.ts';
import { mapUnavailable } from '../mongo/availability.ts';
import type { Mongo } from '../mongo/client.ts';
import { type JobRun, recordRun } from './job-runs.ts';
import { type NotebookDocument, scriptIpynb } from './kinds/script-ipynb.ts';
import type { Metadata } from './metadata.ts';
import type { ListOptions } from './metadata-store.ts';
import { checkName } from './names.ts';
import type { PutOptions } from './put.ts';
import { createStore } from './store.ts';

/** The stored name of a notebook ends in `.ipynb`; callers may leave that out. */
export interface Jobs {
  /**
   * Stores a notebook, in place of the one that is there.
   *
   * @param notebook an object, JSON text, or the bytes of an `.ipynb` file.
   * @throws InvalidName, InvalidNotebook
   */
  put(
    notebook: unknown,
    name: string,
    options?: Pick<PutOptions, 'attributes' | 'taskId'>,
  ): Promise<Metadata>;
  /** @throws NotebookNotFound, InvalidNotebook */
  get(name: string): Promise<NotebookDocument>;
  /** Names, sorted. @param pattern a name in which `*` stands for anything; default all. */
  list(pattern?: string, options?: ListOptions): Promise<string[]>;
  /** @returns false when `force` is set and there was none. @throws NotebookNotFound */
  drop(name: string, options?: { readonly force?: boolean }): Promise<boolean>;
  /** @throws NotebookNotFound */
  metadata(name: string): Promise<Metadata>;
  exists(name: string): Promise<boolean>;
  /**
   * Stores the executed notebook as `results/<name>_<time>.ipynb`, and notes the run in the notebook's
   * attributes (`job_results`, `job_runs`, `state`, `task_id`), which name the last 1,000 runs. A second run of the same
   * task changes nothing.
   *
   * @param name as the client sent it.
   * @returns the metadata of the results.
   * @throws NotebookNotFound
   */
  recordRun(name: string, run: JobRun): Promise<Metadata>;
}

export function createJobs(mongo: Mongo, { bucket }: { readonly bucket: string }): Jobs {
  const store = createStore({
    mongo,
    bucket,
    prefix: 'jobs/',
    kinds: [scriptIpynb],
    notFound: NotebookNotFound,
  });

  return {
    put: async (notebook, name, options) => store.put(notebook, storedName(name), options),
    // The store has no other kind than notebooks.
    get: async (name) => (await store.get(storedName(name))) as NotebookDocument,
    list: (pattern, options) => store.list(pattern, options),
    drop: async (name, options) => store.drop(storedName(name), options),
    metadata: async (name) => store.metadata(storedName(name)),
    exists: async (name) => store.exists(storedName(name)),
    recordRun: (name, run) =>
      mapUnavailable(mongo, async () => recordRun(store, await store.metadata(storedName(name)), name, run)),
  };
}

function storedName(name: unknown): string {
  checkName(name);
  return name.endsWith('.ipynb') ? name : `${name}.ipynb`;
}
