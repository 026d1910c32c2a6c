/** Where tasks ran, by who had sent them: each version's workers must have run tasks of every client. */
import type { Effect } from '../chaos/oracle/effects.ts';
import type { Journal } from '../chaos/oracle/journal.ts';
import type { Version } from './fleet.ts';
import type { ClientName } from './load.ts';

export interface RunCount {
  readonly client: ClientName;
  /** Runs that have left a trace. */
  readonly runs: Readonly<Record<Version, number>>;
  /** Tasks of which some runs were on one version's workers, and some on the other's: retries. */
  readonly both: number;
}

const CLIENTS: readonly ClientName[] = ['previous', 'current', 'celery'];

export function countRuns(
  journals: Readonly<Record<ClientName, Journal>>,
  versions: ReadonlyMap<string, Version>,
  traces: ReadonlyMap<string, readonly Effect[]>,
): readonly RunCount[] {
  return CLIENTS.map((client) => {
    const ids = journals[client].sendings.flatMap(({ expected }) => expected.map(({ id }) => id));
    const places = ids.map((id) => (traces.get(id) ?? []).map(({ worker }) => versions.get(worker)));
    const on = (version: Version) => places.flat().filter((place) => place === version).length;
    return {
      client,
      runs: { previous: on('previous'), current: on('current') },
      both: places.filter((own) => new Set(own).size > 1).length,
    };
  });
}
