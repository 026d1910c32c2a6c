/** I3 for the built-in tasks: a model version, a result dataset and a notebook's results are there once for each task. */
import { createHash } from 'node:crypto';
import { type Omega, OmegaError } from '../../../src/index.ts';
import { versionsOf } from '../../../src/models/version-name.ts';
import type { Expectation, Stored } from './journal.ts';
import { doubled, type Finding, lost } from './verdict.ts';

export async function checkStores(om: Omega, expected: readonly Expectation[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const versions = await versionsByModel(om, expected);
  for (const { id, leaves, state } of expected) {
    if (leaves === undefined || state !== 'SUCCESS') continue;
    if (leaves.store === 'models')
      findings.push(...checkVersion(id, leaves, versions.get(leaves.name) ?? []));
    if (leaves.store === 'datasets') findings.push(...(await checkDataset(om, id, leaves)));
    if (leaves.store === 'jobs') findings.push(...(await checkNotebook(om, id, leaves)));
  }
  return findings;
}

/** References of the versions of each model that was fitted. */
async function versionsByModel(
  om: Omega,
  expected: readonly Expectation[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Set(expected.flatMap(({ leaves }) => (leaves?.store === 'models' ? [leaves.name] : [])));
  const versions = new Map<string, readonly string[]>();
  for (const name of names) {
    const { attributes } = await om.models.metadata(name);
    versions.set(name, versionsOf(attributes)?.commits.map(({ ref }) => ref) ?? []);
  }
  return versions;
}

function checkVersion(id: string, { name }: Stored, versions: readonly string[]): readonly Finding[] {
  const ref = createHash('sha1').update(name).update(id).digest('hex');
  const count = versions.filter((version) => version === ref).length;
  if (count === 1) return [];
  const text = `fit: ${count} versions of model ${name}`;
  return [count === 0 ? lost('I3', text, id) : doubled('I3', text, id)];
}

async function checkDataset(
  om: Omega,
  id: string,
  { name, rows }: Extract<Stored, { readonly store: 'datasets' }>,
): Promise<readonly Finding[]> {
  try {
    const data = await om.datasets.get(name);
    const count = Array.isArray(data) ? data.length : Reflect.get(data as object, 'rowCount');
    if (count === rows) return [];
    const text = `predict: dataset ${name} has ${count} rows instead of ${rows}`;
    return [Number(count) > rows ? doubled('I3', text, id) : lost('I3', text, id)];
  } catch (error) {
    if (!(error instanceof OmegaError)) throw error;
    return [lost('I3', `predict: ${error.message}`, id)];
  }
}

/** One run is noted, and there is one executed notebook. */
async function checkNotebook(om: Omega, id: string, { name }: Stored): Promise<readonly Finding[]> {
  const { attributes } = await om.jobs.metadata(name);
  const { job_runs: runs } = attributes;
  const noted = Array.isArray(runs) ? runs.length : 0;
  const stored = (await om.jobs.list(`results/${name}*`)).length;
  if (noted === 1 && stored === 1) return [];
  const text = `notebook ${name}: ${noted} runs are noted, ${stored} results are stored`;
  return [noted === 0 || stored === 0 ? lost('I3', text, id) : doubled('I3', text, id)];
}
