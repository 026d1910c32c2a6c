/** `npm run chaos`: see options.ts. Status 1 when a promise was broken. */
import { type ChaosOptions, readOptions, USAGE } from './options.ts';
import { hasRun, recordRun } from './records.ts';
import { faultRows, formatFindings, formatRows } from './report.ts';
import { soak } from './soak.ts';

const LOGS = '.omega/chaos/logs';

const options = optionsOrUsage();
const stopping = new AbortController();
let status = 1;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    status = 130;
    stopping.abort(new Error(`${signal}: everything that was started is ended`));
  });
}
process.on('uncaughtException', (error) => stopping.abort(error));
let broken = 0;
try {
  for (const seed of options.seeds) {
    if (options.skipsRecorded && hasRun(seed, options.setting)) progress(`seed ${seed} has been run`);
    else broken += await runSeed(seed, options);
  }
} catch (error) {
  // By now everything is ended, but what is left of it may keep the process alive.
  console.error(error);
  process.exit(status);
}
process.exit(broken === 0 ? 0 : 1);

async function runSeed(seed: number, { setting, ...rest }: ChaosOptions): Promise<number> {
  const keep = `${LOGS}/seed-${seed}`;
  const result = await soak({ ...rest, seed, keep, signal: stopping.signal, progress });
  const { tasks, findings } = result;
  const rows = faultRows(result);
  recordRun({ seed, setting, at: new Date().toISOString(), tasks, rows, findings });
  console.log(`\n${formatRows(rows)}\n`);
  if (findings.length > 0) console.log(`${formatFindings(findings, keep)}\n\nLogs of the workers: ${keep}`);
  const count = (what: string) => findings.filter((finding) => finding.what === what).length;
  const summary = `${count('lost')} lost, ${count('doubled')} doubled, ${count('wrong')} otherwise wrong`;
  console.log(`seed ${seed}: ${tasks} tasks, ${summary}`);
  return findings.length;
}

function optionsOrUsage(): ChaosOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function progress(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
