/** The channels to one kernel: requests on shell and control, what it publishes on iopub, its heartbeat. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, endpointOf, type KernelConnection } from './connection.ts';
import type { JsonObject } from './json-object.ts';
import { createSession, type KernelMessage } from './messages.ts';
import { connectZmtp, type ZmtpSocketType } from './zmtp.ts';

export interface ChannelListener {
  /** A reply on the shell channel. */
  onReply(message: KernelMessage): void;
  /** A message on the iopub channel. */
  onPublished(message: KernelMessage): void;
  /** The answer to a beat. */
  onBeat(): void;
  /** One of the connections ended. */
  onEnd(error: Error): void;
}

export interface Channels {
  /** Sends a request and returns its id. */
  send(channel: 'shell' | 'control', type: string, content: JsonObject): string;
  /** Asks for a heartbeat; not to be called again before its answer. */
  beat(): void;
  close(): void;
}

const RETRY_DELAY_MS = 15;
const BEAT = [Buffer.from('beat')];

/**
 * Connects to all channels, trying until the kernel listens or `signal` is aborted. There is no stdin channel:
 * a notebook that runs by itself has nobody to ask.
 *
 * @throws the reason of `signal`.
 */
export async function openChannels(
  connection: KernelConnection,
  listener: ChannelListener,
  signal: AbortSignal,
): Promise<Channels> {
  const session = createSession(connection.key);
  const decoded = (take: (message: KernelMessage) => void) => (frames: readonly Buffer[]) => {
    const message = session.decode(frames);
    if (message !== null) take(message);
  };
  const open = (channel: Channel, type: ZmtpSocketType, onMessage: (frames: readonly Buffer[]) => void) =>
    untilConnected(signal, () =>
      connectZmtp(type, endpointOf(connection, channel), { onMessage, onEnd: listener.onEnd }, signal),
    );
  const [shell, control, iopub, heartbeat] = await Promise.all([
    open('shell', 'DEALER', decoded(listener.onReply)),
    open('control', 'DEALER', () => undefined),
    open('iopub', 'SUB', decoded(listener.onPublished)),
    open('hb', 'REQ', listener.onBeat),
  ]);

  return {
    send(channel, type, content) {
      const { id, frames } = session.encode(type, content);
      (channel === 'shell' ? shell : control).send(frames);
      return id;
    },
    beat: () => heartbeat.send(BEAT),
    close() {
      for (const socket of [shell, control, iopub, heartbeat]) socket.close();
    },
  };
}

async function untilConnected<T>(signal: AbortSignal, connect: () => Promise<T>): Promise<T> {
  while (true) {
    signal.throwIfAborted();
    try {
      return await connect();
    } catch {
      await sleep(RETRY_DELAY_MS);
    }
  }
}
