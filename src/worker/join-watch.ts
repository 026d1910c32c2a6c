/** Looking after the chords that no worker of ours completes by itself: a Python worker ran a part, or one died. */
import { lookAfter } from './chord-parts.ts';
import { complete } from './consequences.ts';
import type { WorkerNode } from './node.ts';

const LOOK_EVERY_MS = 1_000;
/** Chords at a time; the others are due at the next look, here or at another worker. */
const MOST = 100;

export interface JoinWatch {
  /** Resolves when nothing is on its way any more. */
  stop(): Promise<void>;
}

export function watchJoins(node: WorkerNode): JoinWatch {
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    looking ??= look(node).finally(() => {
      looking = null;
    });
  }, LOOK_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Never rejects: what cannot be done now is due again. */
async function look(node: WorkerNode): Promise<void> {
  try {
    for (let seen = 0; seen < MOST && !node.stopping.aborted; seen += 1) {
      const due = await node.joins.nextDue();
      if (due === null) return;
      await complete(node, await lookAfter(node, due));
    }
  } catch (err) {
    node.logger.warn({ err }, 'chords cannot be looked after now');
  }
}
