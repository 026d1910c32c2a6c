/** Celery's own client beside ours: a Python process that sends tasks, and asks the workers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Expectation, Journal, Sending } from '../chaos/oracle/journal.ts';
import { pythonPath } from '../support/python.ts';

const SCRIPT = 'upgrade_client.py';

export interface CeleryClientOptions {
  readonly broker: string;
  readonly mongoUrl: string;
  readonly queue: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly journal: Journal;
  readonly seed: number;
  readonly rate: number;
}

export interface CeleryClient {
  /** Asks all workers in several ways. Answers with what was wrong. */
  askAll(nodes: readonly string[]): Promise<readonly string[]>;
  /** Sends nothing more. Resolves when all that it has sent has ended, as far as it can see. */
  stop(): Promise<void>;
}

/** A line that the client prints: one of these is in it. */
interface Line {
  readonly begin?: number;
  readonly expected?: readonly Expectation[];
  readonly sent?: number;
  readonly refused?: number;
  readonly why?: string;
  readonly ended?: number;
  readonly asked?: readonly string[];
}

/** It sends from the start on. */
export function startCeleryClient(options: CeleryClientOptions): CeleryClient {
  const { broker, mongoUrl, queue, env, journal, seed, rate } = options;
  const child = spawn(pythonPath(), [SCRIPT], {
    cwd: 'test/python',
    env: {
      ...{ ...env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
      ...{ BROKER: broker, BACKEND: mongoUrl, QUEUE: queue, RATE: String(rate), SEED: String(seed) },
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const sendings = new Map<number, Sending>();
  let answer: (problems: readonly string[]) => void = () => undefined;
  createInterface(child.stdout).on('line', (text) => hear(JSON.parse(text) as Line));
  const ended = once(child, 'exit');
  void ended.then(() => answer(["Celery's client has ended"]));

  function hear({ begin, expected = [], sent, refused, why, ended: over, asked }: Line): void {
    if (begin !== undefined) sendings.set(begin, journal.begin(expected));
    change(sent, (sending) => {
      sending.confirmedAt = Date.now();
    });
    change(over, (sending) => {
      sending.endedAt = Date.now();
    });
    change(refused, (sending) => {
      sending.refused = why ?? '';
    });
    if (asked) answer(asked);
  }

  function change(number: number | undefined, by: (sending: Sending) => void): void {
    const sending = number === undefined ? undefined : sendings.get(number);
    if (sending) by(sending);
  }

  return {
    askAll(nodes) {
      child.stdin.write(`ask ${nodes.join()}\n`);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    async stop() {
      child.stdin.end('stop\n');
      await ended;
    },
  };
}
