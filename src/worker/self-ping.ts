/** Whether this worker hears and answers over the broker: it asks itself, as `celery inspect ping` would. */
import { settlesWithin } from '../broker/deadline.ts';
import { askNodes, type NodeLine } from '../control/ask-nodes.ts';
import { OmegaError } from '../errors.ts';
import { isFields } from '../protocol/fields.ts';

const WAIT_MS = 3_000;

/**
 * A function that pings the worker with this nodename, and answers within three seconds: null for a pong, else why there was
 * none. A ping that still hangs, since the broker is away, is not sent again: the next call waits for it, too.
 */
export function createSelfPing(line: NodeLine, nodename: string): () => Promise<string | null> {
  let pinging: Promise<string | null> | undefined;
  return async () => {
    pinging ??= ping(line, nodename).finally(() => {
      pinging = undefined;
    });
    const asked = pinging;
    if (await settlesWithin(asked, WAIT_MS)) return await asked;
    return 'no answer to a ping over the broker within 3 s';
  };
}

async function ping(line: NodeLine, nodename: string): Promise<string | null> {
  const answered = new AbortController();
  try {
    await askNodes(
      line,
      { method: 'ping', destination: [nodename], unroutable: 'drop' },
      {
        milliseconds: WAIT_MS,
        signal: answered.signal,
        onReply({ hostname, value }) {
          if (hostname === nodename && isFields(value) && value.ok === 'pong') answered.abort();
        },
      },
    );
  } catch (error) {
    if (error instanceof OmegaError) return error.message;
    throw error;
  }
  return answered.signal.aborted ? null : 'a ping over the broker is not answered';
}
