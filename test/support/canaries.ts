/** Secrets that are planted, and the outputs in which none of them may be found. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { connect } from 'amqplib';
import type { Mongo } from '../../src/mongo/client.ts';

const CLI = resolve('dist/src/cli/main.js');

/** Where secrets are planted; each has a text of its own. */
const PLACES = [
  ...['broker', 'mongo', 'backend', 'refused', 'keyPassword', 'environment'],
  ...['auth', 'password', 'token', 'nested', 'positional', 'foreign', 'retried', 'url'],
] as const;

export type Canaries = Readonly<Record<(typeof PLACES)[number], string>>;

export function plantCanaries(): Canaries {
  const texts = PLACES.map((place) => [place, `canary-${place}-${randomBytes(8).toString('hex')}`]);
  return Object.fromEntries(texts) as Canaries;
}

/** What was said, by who said it. */
export class Outputs {
  readonly #texts = new Map<string, string>();

  add(source: string, said: unknown): void {
    const text = typeof said === 'string' ? said : (JSON.stringify(said) ?? '');
    this.#texts.set(source, `${this.#texts.get(source) ?? ''}\n${text}`);
  }

  /** Sources that have said something. */
  get sources(): string[] {
    return [...this.#texts.keys()];
  }

  textOf(source: string): string {
    return this.#texts.get(source) ?? '';
  }

  /** Which canaries were found where, with some of the text around. */
  find(canaries: Canaries): string[] {
    return Object.entries(canaries).flatMap(([place, canary]) =>
      [...this.#texts].flatMap(([source, text]) => {
        const at = text.indexOf(canary);
        return at < 0 ? [] : [`${place} in ${source}: ${text.slice(Math.max(0, at - 200), at + 80)}`];
      }),
    );
  }
}

/** Runs the command line; its output and its errors belong to the outputs. */
export async function runOmega(
  outputs: Outputs,
  env: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<string> {
  return await new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { env, cwd: tmpdir() }, (_, stdout, stderr) => {
      outputs.add(`omega ${args.filter((arg) => !arg.startsWith('{')).join(' ')}`, `${stdout}\n${stderr}`);
      done(stdout);
    });
  });
}

/** Everything that is published to a topic exchange from now on: headers and bodies. */
export async function listen(outputs: Outputs, url: string, exchange: string): Promise<() => Promise<void>> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.assertExchange(exchange, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, exchange, '#');
  await channel.consume(queue, (message) => {
    if (message) outputs.add(exchange, `${message.content}${JSON.stringify(message.properties)}`);
  });
  return () => connection.close();
}

/** All that is in a database, byte by byte. */
export async function dumpDatabase(outputs: Outputs, mongo: Mongo): Promise<void> {
  for (const { name } of await mongo.db.listCollections().toArray()) {
    for await (const document of mongo.db.collection(name).find({}, { raw: true })) {
      outputs.add(`collection ${name}`, (document as unknown as Buffer).toString('latin1'));
    }
  }
}

/** The command line of a process, as everybody on the machine can read it. */
export function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
}

/** The environment that a process was started with. */
export function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '\n');
}
