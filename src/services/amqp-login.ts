/** Asks whether an AMQP server lets us in: the first three methods of AMQP 0-9-1, and no more. */
import { createConnection, type Socket } from 'node:net';

/** Method frame 1, channel 0, class 10 (connection); methods: start, start-ok, tune. */
const METHOD_FRAME = 1;
const CONNECTION_CLASS = 10;
const START = 10;
const START_OK = 11;
const TUNE = 30;
const FRAME_END = 0xce;
const TIMEOUT_MS = 3_000;

export interface AmqpLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/**
 * True when the server speaks AMQP 0-9-1 and accepts the login: it answers `connection.start-ok` with
 * `connection.tune`, and closes the connection otherwise.
 *
 * @see https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf §2.2.4
 */
export async function acceptsAmqpLogin(login: AmqpLogin): Promise<boolean> {
  const socket = createConnection({ host: login.host, port: login.port, timeout: TIMEOUT_MS });
  socket.once('timeout', () => socket.destroy());
  socket.once('connect', () => socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1')));
  try {
    return await negotiate(socket, login);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function negotiate(socket: Socket, login: AmqpLogin): Promise<boolean> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const method = readConnectionMethod(received);
    if (method === null) continue;
    if (method !== START) return method === TUNE;
    received = Buffer.alloc(0);
    socket.write(encodeStartOk(login));
  }
  return false;
}

/** The method id of the frame, 0 for anything that is no method of the connection, null while incomplete. */
function readConnectionMethod(frame: Buffer): number | null {
  if (frame.length < 7 || frame.length < 8 + frame.readUInt32BE(3)) return null;
  const isConnectionMethod = frame[0] === METHOD_FRAME && frame.readUInt16BE(7) === CONNECTION_CLASS;
  return isConnectionMethod ? frame.readUInt16BE(9) : 0;
}

function encodeStartOk({ user, password }: AmqpLogin): Buffer {
  const response = Buffer.from(`\0${user}\0${password}`);
  const payload = Buffer.concat([
    uint16(CONNECTION_CLASS),
    uint16(START_OK),
    uint32(0), // no client properties
    shortString('PLAIN'),
    uint32(response.length),
    response,
    shortString('en_US'),
  ]);
  const header = Buffer.concat([Buffer.of(METHOD_FRAME), uint16(0), uint32(payload.length)]);
  return Buffer.concat([header, payload, Buffer.of(FRAME_END)]);
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
