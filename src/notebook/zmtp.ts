/**
 * The ZeroMQ Message Transport Protocol, version 3.0, client side, with the NULL mechanism
 * (https://rfc.zeromq.org/spec/23/): what Jupyter's kernels speak. No native addon.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { KernelDied } from '../errors.ts';

export type ZmtpSocketType = 'DEALER' | 'SUB' | 'REQ';

/** One connected socket. A SUB socket is subscribed to everything. */
export interface ZmtpSocket {
  /** Sends one message. Does nothing once the connection has ended. */
  send(frames: readonly Uint8Array[]): void;
  close(): void;
}

export interface ZmtpListener {
  onMessage(frames: readonly Buffer[]): void;
  /** The connection ended, though `close` was not called. */
  onEnd(error: KernelDied): void;
}

/** Largest message that is read: what a kernel sends more than this ends the connection. */
const MESSAGE_LIMIT_BYTES = 128 * 1024 * 1024;

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const GREETING_BYTES = 64;
const SUBSCRIBE_TO_ALL = Buffer.from([1]);

/**
 * Connects and shakes hands. Aborting `signal` destroys the socket.
 *
 * @throws Error of node:net when nobody listens; KernelDied when the peer does not speak ZMTP 3.
 */
export function connectZmtp(
  type: ZmtpSocketType,
  endpoint: NetConnectOpts,
  listener: ZmtpListener,
  signal: AbortSignal,
): Promise<ZmtpSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...endpoint, noDelay: true });
    const abort = () => socket.destroy();
    signal.addEventListener('abort', abort);
    let report: (error: Error) => void = reject;
    const end = (error: Error) => {
      report(error);
      report = ignore;
    };
    const onReady = () => {
      report = (error) => listener.onEnd(connectionLost(error));
      if (type === 'SUB') socket.write(encodeFrames([SUBSCRIBE_TO_ALL]));
      resolve(openSocket(type, socket, () => (report = ignore)));
    };
    socket.on('error', end);
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      end(connectionLost());
    });
    const onMessage = (frames: readonly Buffer[]) =>
      listener.onMessage(type === 'REQ' ? frames.slice(1) : frames);
    feed(socket, readPeer({ onGreeting: () => socket.write(ready(type)), onReady, onMessage }));
    socket.write(greeting());
  });
}

function openSocket(type: ZmtpSocketType, socket: Socket, onClose: () => void): ZmtpSocket {
  return {
    send(frames) {
      if (socket.destroyed) return;
      // A REQ socket puts an empty delimiter before its message (RFC 28).
      socket.write(encodeFrames(type === 'REQ' ? [Buffer.alloc(0), ...frames] : frames));
    },
    close() {
      onClose();
      socket.destroy();
    },
  };
}

function ignore(): void {}

function connectionLost(cause?: Error): KernelDied {
  if (cause instanceof KernelDied) return cause;
  const reason = cause === undefined ? '' : `: ${cause.message}`;
  return new KernelDied(`The connection to the kernel ended${reason}.`, { cause });
}

function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write('NULL', 12, 'latin1');
  return bytes;
}

function ready(type: ZmtpSocketType): Buffer {
  const body = Buffer.concat([
    Buffer.from('\x05READY', 'latin1'),
    property('Socket-Type', type),
    property('Identity', ''),
  ]);
  return Buffer.concat([Buffer.from([COMMAND, body.length]), body]);
}

function property(name: string, value: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name, 'latin1'),
    size,
    Buffer.from(value, 'latin1'),
  ]);
}

function encodeFrames(frames: readonly Uint8Array[]): Buffer {
  const parts = frames.flatMap((frame, index) => [
    frameHeader(frame.length, index < frames.length - 1 ? MORE : 0),
    frame,
  ]);
  return Buffer.concat(parts);
}

function frameHeader(size: number, flags: number): Buffer {
  if (size < 256) return Buffer.from([flags, size]);
  const header = Buffer.alloc(9);
  header[0] = flags | LONG;
  header.writeBigUInt64BE(BigInt(size), 1);
  return header;
}

/** A reader of the peer's bytes: yields how many it wants next and is given exactly as many. */
type Reader = Generator<number, never, Buffer>;

interface PeerEvents {
  onGreeting(): void;
  onReady(): void;
  onMessage(frames: readonly Buffer[]): void;
}

function* readPeer({ onGreeting, onReady, onMessage }: PeerEvents): Reader {
  checkGreeting(yield GREETING_BYTES);
  onGreeting();
  let frames: Buffer[] = [];
  let size = 0;
  while (true) {
    const flags = (yield 1).readUInt8();
    const bytes = flags & LONG ? Number((yield 8).readBigUInt64BE()) : (yield 1).readUInt8();
    size += bytes;
    if (size > MESSAGE_LIMIT_BYTES) throw tooLarge(size);
    const body = yield bytes;
    if (flags & COMMAND) {
      if (isReady(body)) onReady();
      size -= bytes;
      continue;
    }
    frames.push(body);
    if (flags & MORE) continue;
    onMessage(frames);
    frames = [];
    size = 0;
  }
}

function checkGreeting(bytes: Buffer): void {
  if (bytes[0] === 0xff && bytes[9] === 0x7f && Number(bytes[10]) >= 3) return;
  throw new KernelDied('The kernel does not speak ZMTP 3; it needs libzmq 4 or newer.');
}

/** READY ends the handshake; ERROR refuses it. */
function isReady(command: Buffer): boolean {
  const name = command.toString('latin1', 1, 1 + Number(command[0]));
  if (name === 'ERROR') throw new KernelDied('The kernel refused the connection (ZMTP ERROR).');
  return name === 'READY';
}

function tooLarge(size: number): KernelDied {
  return new KernelDied(
    `The kernel sent a message of ${size} bytes or more, the limit is ${MESSAGE_LIMIT_BYTES}: print or display less at once.`,
  );
}

/** Cuts what arrives into the pieces that the reader asks for. */
function feed(socket: Socket, reader: Reader): void {
  let chunks: Buffer[] = [];
  let available = 0;
  let wanted = reader.next().value;

  function take(): Buffer {
    const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    const rest = whole.subarray(wanted);
    chunks = rest.length > 0 ? [rest] : [];
    available = rest.length;
    return whole.subarray(0, wanted);
  }

  socket.on('data', (chunk) => {
    chunks.push(chunk);
    available += chunk.length;
    try {
      while (available >= wanted && !socket.destroyed) wanted = reader.next(take()).value;
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new KernelDied(String(error)));
    }
  });
}
