/** All measurements beside the peers: `npm run bench`, or `npm run bench -- NAME…` for some of them. */
import setup from '../support/global-setup.ts';
import { forestFit, forestGrowth } from './forest-fit.ts';
import { linearFit } from './linear-fit.ts';
import { longTask } from './long-task.ts';
import { outOfCore } from './out-of-core.ts';
import { poison } from './poison.ts';
import { publishing } from './publishing.ts';
import { readColumns, readRows } from './read-rows.ts';
import { mongoRoundTrip, rpcRoundTrip } from './round-trip.ts';
import { servedPredictions } from './served-predictions.ts';
import { soak } from './soak.ts';
import { type Comparison, describe } from './statistics.ts';
import { liveClient, mongoResults, noResults, rpcResults } from './throughput.ts';
import { twoFits } from './two-fits.ts';
import { writeRows } from './write-rows.ts';

const CASES: Readonly<Record<string, () => Promise<Comparison[]>>> = {
  'no-results': noResults,
  rpc: rpcResults,
  mongodb: mongoResults,
  live: liveClient,
  'rpc-round-trip': rpcRoundTrip,
  'mongodb-round-trip': mongoRoundTrip,
  publishing,
  soak,
  'read-rows': readRows,
  'linear-fit': linearFit,
  'forest-fit': forestFit,
  'forest-growth': forestGrowth,
  'two-fits': twoFits,
  'read-columns': readColumns,
  'write-rows': writeRows,
  poison,
  'long-task': longTask,
  'out-of-core': outOfCore,
  'served-predictions': servedPredictions,
};
/** They take minutes, and are run when they are named. */
const ON_DEMAND = [
  'forest-fit',
  'forest-growth',
  'two-fits',
  'poison',
  'long-task',
  'out-of-core',
  'served-predictions',
];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(CASES, name));
if (unknown.length > 0) {
  console.error(`no such measurement: ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}`);
  process.exit(2);
}
const teardown = await setup();
const all: Record<string, Comparison[]> = {};
try {
  for (const [name, measure] of Object.entries(CASES)) {
    if (names.length > 0 ? !names.includes(name) : ON_DEMAND.includes(name)) continue;
    all[name] = await measure();
    for (const comparison of all[name]) console.log(describe(comparison));
  }
} finally {
  await teardown();
}
console.log(JSON.stringify(all));
