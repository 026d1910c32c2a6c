/** The demo from end to end: services, a worker node, data, models, a notebook, a table of what ran. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadSettings, resolveEnvironment } from '../../config.ts';
import { connectWith, type Omega } from '../../omega.ts';
import { hidePassword } from '../../protocol/hidden-password.ts';
import type { ServiceOptions } from '../../services/options.ts';
import { keepPrivateServices } from '../../services/private-services.ts';
import { findOrStartServices } from '../../services/services.ts';
import { formatTable } from '../output.ts';
import { runChains, type StepResult } from './run-steps.ts';
import { CHAINS, NOTEBOOK, NOTEBOOK_STEP, putDemoObjects } from './steps.ts';
import { startWorkerProcess } from './worker-process.ts';

export interface DemoOptions {
  readonly services: ServiceOptions;
  /** Leave the services running afterwards. */
  readonly keep: boolean;
  readonly progress: (line: string) => void;
  /** Called when the tasks are done, with the table and where to look: the demo stays up until it resolves. */
  readonly onDone: (results: readonly StepResult[], report: string) => Promise<void>;
  /** Aborted to end the demo early. */
  readonly signal: AbortSignal;
}

/** The demo's own database and queue: it touches nothing else. */
const DATABASE = 'omega_demo';
const QUEUE = 'omega-demo';

/** Closes what was opened, the last first. */
type Closers = (() => Promise<void>)[];

/**
 * Runs the demo. Whatever it started is stopped when it ends, however it ends.
 *
 * @throws MissingDependency, OperationalError; the signal's reason when it is aborted.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const closers: Closers = [];
  try {
    await run(options, closers);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function run(
  { services, keep, progress, onDone, signal }: DemoOptions,
  closers: Closers,
): Promise<void> {
  const { mongo, broker, release } = await findOrStartServices(services);
  closers.push(release);
  if (keep) await keepPrivateServices(services);
  for (const { name, url, origin } of [mongo, broker]) progress(`${name} (${origin}): ${hidePassword(url)}`);
  signal.throwIfAborted();

  const folder = resolve(services.folder, 'demo');
  const env = {
    ...resolveEnvironment(process.env),
    OMEGA_MONGO_URL: withDatabase(mongo.url),
    OMEGA_BROKER: broker.url,
    // The notebook asks for a forecast.
    OMEGA_NOTEBOOK_ACCESS: 'on',
  };
  const worker = await startWorkerProcess({ folder, queue: QUEUE, env, signal });
  closers.push(worker.stop);
  progress(`worker node: process ${worker.pid}, log ${worker.log}`);

  const om = await connectWith(loadSettings(env, { queues: QUEUE }));
  closers.push(() => om.close());
  await putDemoObjects(om, progress);
  signal.throwIfAborted();
  const results = await runChains(om, CHAINS, { progress, signal });
  const notebook = await saveNotebook(om, results, join(folder, `${NOTEBOOK}.ipynb`));
  await onDone(results, describeResults(results, [...notebook, `metrics: ${worker.url}/metrics`]));
}

/** Writes the executed notebook to a file, to be opened. @returns where it is; nothing when it did not run. */
async function saveNotebook(om: Omega, results: readonly StepResult[], file: string): Promise<string[]> {
  const run = results.find(({ title, state }) => title === NOTEBOOK_STEP && state === 'SUCCESS');
  if (!run) return [];
  await writeFile(file, `${JSON.stringify(await om.jobs.get(run.result), null, 1)}\n`);
  return [`executed notebook: ${file}`, `  stored as '${run.result}' in om.jobs of database ${DATABASE}`];
}

function describeResults(results: readonly StepResult[], lines: readonly string[]): string {
  const rows = results.map(({ title, id, worker, state, seconds, result }) => {
    return [title, id, worker, state, seconds.toFixed(2), result];
  });
  const table = formatTable(['TASK', 'ID', 'WORKER', 'STATE', 'SECONDS', 'RESULT'], rows);
  return ['', table, '', ...lines].join('\n');
}

function withDatabase(mongoUrl: string): string {
  return mongoUrl.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${DATABASE}`);
}
