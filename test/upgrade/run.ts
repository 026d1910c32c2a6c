/** `npm run upgrade`: a rolling upgrade from the previous release to this tree under load, and back. Status 1 when something is wrong. */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTable } from '../../src/cli/output.ts';
import { formatFindings } from '../chaos/report.ts';
import { type RehearsalResult, rehearse } from './rehearse.ts';
import { buildRelease, previousRelease } from './release.ts';

const LOGS = '.omega/upgrade/logs';
const USAGE = `npm run upgrade -- [--from REV] [--workers N] [--rate N] [--pause S] [--seed N] [--handover S]

  --from     the release that is upgraded (default: the last commit before HEAD that changed the version in package.json)
  --workers  default 3
  --rate     sendings each second, of each of three clients (default 4)
  --pause    seconds before each replacement (default 5)
  --seed     what the random choices follow from (default 1)
  --handover seconds after which a running task is acknowledged and a copy of it parked (default 4). With 1 copies come
             back while their tasks run, which version 0.2.0 does not know: it runs them again`;

const options = optionsOrUsage();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stopping.abort(new Error(`${signal}: everything that was started is ended`)));
}
process.on('uncaughtException', (error) => stopping.abort(error));
try {
  const release = buildRelease(options.from ?? previousRelease(), progress);
  progress(`from ${release.version} (${release.commit.slice(0, 7)}) to this tree, and back`);
  // Of the run before: findings are explained by what is logged of their task.
  rmSync(LOGS, { recursive: true, force: true });
  const result = await rehearse({ ...options, release, keep: LOGS, signal: stopping.signal, progress });
  report(result);
  process.exit(result.findings.length === 0 ? 0 : 1);
} catch (error) {
  // By now everything is ended, but what is left of it may keep the process alive.
  console.error(error);
  process.exit(1);
}

function report({ tasks, runs, findings }: RehearsalResult): void {
  const header = ['sent by', 'runs on previous workers', 'on current ones', 'retried on the other'];
  const rows = runs.map(({ client, runs: on, both }) => [client, on.previous, on.current, both]);
  console.log(`\n${formatTable(header, rows)}\n`);
  if (findings.length > 0) console.log(`${formatFindings(findings, LOGS)}\n\nLogs of the workers: ${LOGS}`);
  const count = (what: string) => findings.filter((finding) => finding.what === what).length;
  console.log(
    `${tasks} tasks, ${count('lost')} lost, ${count('doubled')} doubled, ${count('wrong')} otherwise wrong`,
  );
}

function optionsOrUsage() {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { from: text, workers: text, rate: text, pause: text, seed: text, handover: text },
    });
    const { from, workers = '3', rate = '4', pause = '5', seed = '1', handover = '4' } = values;
    return {
      from,
      ...{ workers: positive('workers', workers), rate: positive('rate', rate) },
      ...{ pause: positive('pause', pause), seed: positive('seed', seed) },
      handover: positive('handover', handover),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new RangeError(`--${name} is '${text}': it must be a number above 0`);
}

function progress(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
