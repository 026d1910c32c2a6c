/** What a run has started: written down, so that the next run ends it if this one was killed. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listFolder } from '../../../src/services/commands.ts';
import { readJsonFile, writeJsonFile } from '../../../src/services/json-file.ts';
import { isRunning, type ProcessRecord, recordProcess } from '../../../src/services/process-record.ts';

interface RunRecord {
  readonly suite: ProcessRecord | null;
  readonly folder: string;
  /** In the environment of everything that the run has started. */
  readonly token: string;
  readonly servers: ProcessRecord[];
}

export interface Leftovers {
  /** This server, and its process group, are to be ended by whoever comes next. */
  add(server: ProcessRecord): void;
  /** Ends all of them at once, without a word, and removes the folder. */
  end(): Promise<void>;
}

/** Marks everything that a run starts. */
export const TOKEN_VARIABLE = 'OMEGA_CHAOS_RUN';

export function writeDown(recordsFolder: string, token: string, folder: string): Leftovers {
  const record: RunRecord = { suite: recordProcess(process.pid), folder, token, servers: [] };
  const file = join(recordsFolder, `${token}.json`);
  writeJsonFile(file, record);
  return {
    add(server) {
      record.servers.push(server);
      writeJsonFile(file, record);
    },
    end: () => endRun(record, file),
  };
}

/** Ends what runs have left that were killed. */
export async function endLeftovers(recordsFolder: string): Promise<void> {
  for (const file of listFolder(recordsFolder)) {
    const record = readJsonFile<RunRecord>(file);
    if (record && !(record.suite && isRunning(record.suite))) await endRun(record, file);
  }
}

/** Processes with the token of a run in their environment. Linux only. */
export function processesOfRun(token: string): number[] {
  const mark = `${TOKEN_VARIABLE}=${token}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark));
}

async function endRun({ servers, token, folder }: RunRecord, file: string): Promise<void> {
  while (servers.some(isRunning) || processesOfRun(token).length > 0) {
    for (const server of servers) if (isRunning(server)) kill(-server.pid);
    for (const pid of processesOfRun(token)) kill(pid);
    await sleep(20);
  }
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  rmSync(file, { force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** Empty for a zombie, and for what has ended. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
