/** What a worker that starts learns from those that run: revoked tasks, and the clock (celery/worker/consumer/mingle.py). */
import type { LogPort } from '../contract/logger.ts';
import { Unroutable } from '../errors.ts';
import type { ControlReply } from '../protocol/control.ts';
import { isFields } from '../protocol/fields.ts';
import { askNodes, type NodeLine } from './ask-nodes.ts';
import type { Clock } from './clock.ts';

export interface MingleOptions extends NodeLine {
  readonly hostname: string;
  readonly clock: Clock;
  /** The ids that this worker knows as revoked. */
  readonly revoked: readonly string[];
  readonly logger: LogPort;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

const WAIT_MS = 1_000;

/**
 * Says hello to the other workers and waits a second for what they answer; not at all when there are none, as
 * the broker tells while this worker has no mailbox yet. Adjusts the clock. Never rejects: a worker also works
 * without the others' news.
 *
 * @returns the ids that the others know as revoked.
 */
export async function mingle(options: MingleOptions): Promise<string[]> {
  const { clock, hostname, logger, signal } = options;
  const nodes: string[] = [];
  const revoked = new Set<string>();
  function onReply({ hostname: node, value }: ControlReply): void {
    if (node === hostname || !isFields(value)) return;
    nodes.push(node);
    clock.adjust(value.clock);
    for (const id of Array.isArray(value.revoked) ? value.revoked : []) {
      if (typeof id === 'string') revoked.add(id);
    }
  }
  try {
    const hello = {
      method: 'hello',
      arguments: { from_node: hostname, revoked: options.revoked },
      clock: clock.forward(),
    };
    await askNodes(options, { ...hello, unroutable: 'error' }, { milliseconds: WAIT_MS, signal, onReply });
    if (nodes.length > 0) logger.info({ nodes, revoked: revoked.size }, 'learnt from the other workers');
  } catch (err) {
    if (!(err instanceof Unroutable)) logger.warn({ err }, 'the other workers could not be asked');
  }
  return [...revoked];
}
