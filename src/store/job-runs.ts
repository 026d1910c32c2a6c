/** What a run of a notebook leaves behind, as omega|ml does it (omegaml/notebook/jobs.py `run_notebook`). */
import { randomInt, randomUUID } from 'node:crypto';
import { NotebookNotFound } from '../errors.ts';
import { encodeNotebook, newFilename, scriptIpynb } from './kinds/script-ipynb.ts';
import { formatNaive, type Metadata, toNaive } from './metadata.ts';
import type { OmegaStore } from './store.ts';

/** How a run went. */
export interface JobRun {
  /** As executed, with its outputs. */
  readonly notebook: unknown;
  /** ERROR when a cell raised; the task itself has succeeded all the same. */
  readonly status: 'OK' | 'ERROR';
  /** The error, empty without one. Stored in short. */
  readonly message: string;
  readonly startedAt: Date;
  /** The trigger that the run answers, null for none. */
  readonly event?: string | null;
  readonly taskId?: string;
}

/** How many characters of a message are kept at either end. */
const MESSAGE_END = 80;
/**
 * How many runs a notebook remembers. Each takes about 400 bytes of its metadata, which are read with the notebook, and
 * which MongoDB refuses beyond 16 MB. The results of earlier runs stay.
 */
const REMEMBERED_RUNS = 1_000;

/** @param name as the client sent it: it becomes part of the results' name. */
export async function recordRun(
  store: OmegaStore,
  job: Metadata,
  name: string,
  run: JobRun,
): Promise<Metadata> {
  const recorded = run.taskId === undefined ? null : resultsOf(job, run.taskId);
  if (recorded !== null) return keepOnly(store, await store.metadata(recorded), name, run);
  const results = await storeResults(store, name, run);
  const updated = await noteRun(store, job, results.name, run);
  if (updated) return keepOnly(store, results, name, run);
  await store.drop(results.name, { force: true });
  const current = await store.metadata(job.name);
  const other = run.taskId === undefined ? null : resultsOf(current, run.taskId);
  if (other !== null) return store.metadata(other);
  throw new NotebookNotFound(`the notebook '${job.name}' was replaced while it ran: run it again`);
}

/**
 * Removes the results of other runs of the task that were never noted. (Such a run cannot remove them itself: when MongoDB does
 * not answer, it may have noted them all the same.)
 */
async function keepOnly(store: OmegaStore, results: Metadata, name: string, run: JobRun): Promise<Metadata> {
  const writeId = writeIdOf(store, name, run);
  const { gridfile } = results;
  if (writeId === undefined || gridfile === undefined) return results;
  for (const file of await store.files.listOthers(writeId, [gridfile])) {
    const other = await store.catalog.findByFile(file);
    if (other) await store.catalog.remove(other.id);
  }
  await store.files.removeOthers(writeId, [gridfile]);
  return results;
}

/** The same for all runs of a task: the file of their results has an id that follows from it. */
function writeIdOf(store: OmegaStore, name: string, { taskId }: JobRun): string | undefined {
  return taskId === undefined ? undefined : `${taskId} ${store.key(`results/${name}`, '')}`;
}

/** Name of the results that a task has recorded. */
function resultsOf({ attributes }: Metadata, taskId: string): string | null {
  const { job_runs: runs } = attributes;
  for (const run of Array.isArray(runs) ? runs : []) {
    if (typeof run !== 'object' || run === null) continue;
    if ('task_id' in run && run.task_id === taskId && 'results' in run) return String(run.results);
  }
  return null;
}

async function storeResults(store: OmegaStore, name: string, run: JobRun): Promise<Metadata> {
  const bytes = encodeNotebook(run.notebook, name);
  const gridfile = await store.files.write(newFilename(), bytes, writeIdOf(store, name, run));
  for (;;) {
    const inserted = await store.catalog.insert({
      name: `results/${name}_${timestamp(run.startedAt)}.ipynb`,
      kind: scriptIpynb.name,
      gridfile,
      attributes: { source_job: name },
    });
    if (inserted) return inserted;
  }
}

/** As Python's `str(datetime.now())`; the microseconds are random, so that two runs differ. */
function timestamp(instant: Date): string {
  const [seconds = ''] = formatNaive(instant).split('.');
  const milliseconds = String(instant.getMilliseconds()).padStart(3, '0');
  return `${seconds}.${milliseconds}${String(randomInt(1000)).padStart(3, '0')}`;
}

/** Null when the task has noted its run already, or the notebook is gone. */
function noteRun(store: OmegaStore, job: Metadata, results: string, run: JobRun): Promise<Metadata | null> {
  const { status, startedAt, event, taskId = randomUUID() } = run;
  const { triggers } = job.attributes;
  const ts = toNaive(startedAt);
  const entry = { status, ts, message: shorten(run.message), results, task_id: taskId };
  const hasTriggers = Boolean(event) && Array.isArray(triggers);
  const trigger = hasTriggers
    ? { 'attributes.triggers.$[t].status': status, 'attributes.triggers.$[t].ts': ts }
    : {};
  return store.catalog.update(
    job.id,
    {
      $push: { 'attributes.job_results': lastRuns(results), 'attributes.job_runs': lastRuns(entry) },
      $set: { 'attributes.state': 'SUCCESS', 'attributes.task_id': taskId, ...trigger },
    },
    {
      condition: { 'attributes.job_runs.task_id': { $ne: taskId } },
      ...(hasTriggers ? { arrayFilters: [{ 't.event-kind': 'scheduled', 't.event': event }] } : {}),
    },
  );
}

/** What adds to a list of runs, and keeps the last ones. */
function lastRuns(added: unknown): Record<string, unknown> {
  return { $each: [added], $slice: -REMEMBERED_RUNS };
}

function shorten(message: string): string {
  const characters = [...message];
  return `${characters.slice(0, MESSAGE_END).join('')}...${characters.slice(-MESSAGE_END).join('')}`;
}
