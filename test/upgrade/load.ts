/** Three clients that send at a steady rate: of ours one of each version, and Celery's. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Omega } from '../../src/index.ts';
import type { Cluster } from '../chaos/cluster/cluster.ts';
import { createJournal, type Journal } from '../chaos/oracle/journal.ts';
import { type Finding, wrong } from '../chaos/oracle/verdict.ts';
import { startCeleryClient } from './celery-client.ts';
import type { Version } from './fleet.ts';

export type ClientName = Version | 'celery';

export interface LoadOptions {
  readonly queue: string;
  /** Folders of the builds. */
  readonly dists: Readonly<Record<Version, string>>;
  /** Sendings each second, of each client. */
  readonly rate: number;
  readonly seed: number;
}

export interface Load {
  /** The current version's. */
  readonly om: Omega;
  readonly journals: Readonly<Record<ClientName, Journal>>;
  /** All clients ask all workers. Answers with what was wrong. */
  askAll(nodes: readonly string[]): Promise<readonly Finding[]>;
  /** Nothing more is sent. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Resolves when all three send. The workers must run. */
export async function startLoad({ broker, mongo, env }: Cluster, options: LoadOptions): Promise<Load> {
  const { queue, dists, rate, seed } = options;
  const journals = { previous: createJournal(), current: createJournal(), celery: createJournal() };
  const settings = { mongoUrl: mongo.url, broker: broker.url, queues: queue };
  const open = async (version: Version, ownSeed: number) => {
    const code = pathToFileURL(join(dists[version], 'test/upgrade/client.js')).href;
    const { openClient } = (await import(code)) as typeof import('./client.ts');
    return await openClient({ settings, journal: journals[version], seed: ownSeed, rate });
  };
  const ours = [await open('previous', seed), await open('current', seed + 1)] as const;
  // One after the other: both store the same models.
  for (const client of ours) await client.prepare();
  for (const client of ours) client.start();
  const celery = startCeleryClient({
    ...{ broker: broker.url, mongoUrl: mongo.url, queue, env },
    ...{ journal: journals.celery, seed, rate },
  });
  const [previous, current] = ours;
  return {
    om: current.om,
    journals,
    async askAll(nodes) {
      const answers = [
        ...(await previous.askAll(nodes)).map((text) => `asked by the previous client, ${text}`),
        ...(await current.askAll(nodes)).map((text) => `asked by the current client, ${text}`),
        ...(await celery.askAll(nodes)),
      ];
      return answers.map((text) => wrong('control', text));
    },
    async stop() {
      await Promise.all([previous.stop(), current.stop(), celery.stop()]);
    },
    async close() {
      for (const { close } of ours) await close();
    },
  };
}
