import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { KernelDied } from '../../../src/errors.ts';
import { connectZmtp, type ZmtpSocketType } from '../../../src/notebook/zmtp.ts';

const GREETING = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
  Buffer.from('NULL'),
  Buffer.alloc(48),
]);
const READY = Buffer.from('\x04\x06\x05READY', 'latin1');

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that sends these bytes, one write each, and what it received. */
async function serve(...writes: readonly Uint8Array[]) {
  const peer: { received: Buffer; socket?: Socket } = { received: Buffer.alloc(0) };
  const server = createServer((socket) => {
    peer.socket = socket;
    socket.on('data', (data) => (peer.received = Buffer.concat([peer.received, data])));
    socket.on('error', () => undefined);
    for (const bytes of writes) socket.write(bytes);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { peer, port: (server.address() as AddressInfo).port };
}

async function connectTo(port: number, type: ZmtpSocketType = 'DEALER') {
  const messages: string[][] = [];
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const ends: Error[] = [];
  const listener = {
    onMessage: (frames: readonly Buffer[]) => messages.push(frames.map(String)),
    onEnd: (error: Error) => ends.push(error),
  };
  const socket = await connectZmtp(type, { host: '127.0.0.1', port }, listener, abort.signal);
  return { socket, messages, ends };
}

function longFrame(size: number): Buffer {
  const header = Buffer.alloc(9);
  header[0] = 2;
  header.writeBigUInt64BE(BigInt(size), 1);
  return header;
}

describe('a ZMTP connection', () => {
  it('reads messages of any size, however their bytes are cut', async () => {
    const long = Buffer.concat([longFrame(300), Buffer.alloc(300, 'x')]);
    const bytes = Buffer.concat([GREETING, READY, Buffer.from('\x01\x01a\x00\x02bc'), long]);
    const { port } = await serve(...Array.from(bytes, (byte) => Buffer.from([byte])));
    const { messages } = await connectTo(port);
    await expect.poll(() => messages).toEqual([['a', 'bc'], ['x'.repeat(300)]]);
  });

  it('sends short and long frames', async () => {
    const { peer, port } = await serve(GREETING, READY);
    const { socket } = await connectTo(port);
    socket.send([Buffer.from('ab'), Buffer.alloc(256, 'y')]);
    const sent = Buffer.concat([Buffer.from('\x01\x02ab'), longFrame(256), Buffer.alloc(256, 'y')]);
    await expect.poll(() => peer.received.subarray(-sent.length)).toEqual(sent);
  });

  it('puts an empty frame before a request and takes it from the answer', async () => {
    const { peer, port } = await serve(GREETING, READY, Buffer.from('\x01\x00\x00\x04pong'));
    const { socket, messages } = await connectTo(port, 'REQ');
    socket.send([Buffer.from('ping')]);
    await expect.poll(() => peer.received.subarray(-8).toString('latin1')).toBe('\x01\x00\x00\x04ping');
    expect(messages).toEqual([['pong']]);
  });

  it('ends when a message is too large, before it has arrived', async () => {
    const { port } = await serve(GREETING, READY, longFrame(2 ** 40));
    const { ends } = await connectTo(port);
    await expect.poll(() => ends.map(String)).toEqual([expect.stringContaining('of 1099511627776 bytes')]);
  });

  it('says when the peer is gone', async () => {
    const { peer, port } = await serve(GREETING, READY);
    const { ends } = await connectTo(port);
    peer.socket?.destroy();
    await expect.poll(() => ends).toEqual([expect.any(KernelDied)]);
  });

  it.each([
    ['speaks something else', Buffer.from(`HTTP/1.1 400 Bad Request\r\n${' '.repeat(64)}`), /ZMTP 3/],
    ['refuses', Buffer.concat([GREETING, Buffer.from('\x04\x0c\x05ERROR\x05nope!', 'latin1')]), /refused/],
  ])('is not made when the peer %s', async (_, bytes, message) => {
    const { port } = await serve(bytes);
    await expect(connectTo(port)).rejects.toThrow(message);
  });
});
