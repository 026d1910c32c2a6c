/** Sends tasks of all kinds, at a steady rate, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Omega, TaskFailed } from '../../../src/index.ts';
import type { Journal, Sending } from '../oracle/journal.ts';
import type { Random } from '../random.ts';
import type { Kind, Unit } from './unit.ts';

/** So many may be under way: what is sent while nothing runs must not bury the rest of the run. */
const MOST_IN_FLIGHT = 600;

export interface Stream {
  /** Sends so many units at once, beside the others. */
  burst(count: number): void;
  /** Ends it; resolves when all that was begun is sent or refused. */
  stop(): Promise<void>;
}

export interface StreamOptions {
  readonly om: Omega;
  readonly journal: Journal;
  readonly random: Random;
  readonly kinds: readonly Kind[];
  /** Units each second. */
  readonly rate: number;
}

export function startStream({ om, journal, random, kinds, rate }: StreamOptions): Stream {
  let isStopping = false;
  const sending = new Set<Promise<void>>();

  async function sendOne(): Promise<void> {
    const kind = random.weighted(kinds);
    // What a kind stores before it is sent cannot be stored while MongoDB is away.
    const unit = await Promise.resolve(kind.make(random, om)).catch(() => null);
    if (unit) await sendUnit(unit, { om, journal });
  }

  function begin(): void {
    if (isStopping || journal.inFlight() > MOST_IN_FLIGHT) return;
    const one = sendOne().finally(() => sending.delete(one));
    sending.add(one);
  }

  async function run(): Promise<void> {
    const startedAt = Date.now();
    for (let count = 1; !isStopping; count += 1) {
      await sleep(Math.max(0, startedAt + (count * 1000) / rate - Date.now()));
      begin();
    }
  }

  const running = run();
  return {
    burst(count) {
      for (let left = count; left > 0; left -= 1) begin();
    },
    async stop() {
      isStopping = true;
      await running;
      await Promise.all(sending);
    },
  };
}

/** Sends one unit and notes it; resolves when the broker has confirmed, or it is refused. */
export async function sendUnit(
  unit: Unit,
  { om, journal }: { readonly om: Omega; readonly journal: Journal },
): Promise<Sending> {
  const sending = journal.begin(unit.expected);
  try {
    const handle = unit.send(om);
    hear(handle.get(), sending);
    await handle.sent;
    sending.confirmedAt = Date.now();
  } catch (error) {
    sending.refused = error instanceof Error ? error.message : String(error);
  }
  return sending;
}

/** Notes when the client is told of the end. */
function hear(result: Promise<unknown>, sending: Sending): void {
  const ended = (): void => {
    sending.endedAt = Date.now();
  };
  result.then(ended, (error) => {
    // Other errors say that it could not be sent, or that the client was closed.
    if (error instanceof TaskFailed) ended();
  });
}
