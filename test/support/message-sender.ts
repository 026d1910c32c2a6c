/** Publishes messages as nobody should: with any properties, and with header tables byte by byte. */
import { type ConfirmChannel, connect } from 'amqplib';
import { onTestFinished } from 'vitest';
import { connectOperator, type Sendable } from './amqp-operator.ts';

export interface MessageSender {
  /** Resolves when the broker has confirmed all of them. */
  sendAll(queue: string, messages: Iterable<Sendable>): Promise<void>;
  /** Sends a message with this header table. */
  sendWithTable(queue: string, table: Buffer, body: string): Promise<void>;
}

export async function useMessageSender(url: string): Promise<MessageSender> {
  const connection = await connect(url);
  onTestFinished(() => connection.close());
  const operator = await connectOperator(url);
  onTestFinished(() => operator.close());
  return {
    sendAll: operator.publish,
    async sendWithTable(queue, table, body) {
      const raw = await connection.createChannel();
      writeFrames(raw as ConfirmChannel, publishFrames(queue, table, Buffer.from(body)));
      // The broker answers in order: what was written before has arrived.
      await raw.checkQueue(queue);
      await raw.close();
    },
  };
}

/** A table of nothing but tables, or of one list of lists, this deep. */
export function nestedTable(depth: number): Buffer {
  const levels = Array.from({ length: depth }, (_, level) => {
    const field = Buffer.alloc(6);
    field.write('F', 1);
    field.writeUInt32BE((depth - 1 - level) * 6, 2);
    return field;
  });
  return Buffer.concat(levels);
}

/** One field of a table: its name, the tag of its type, and the bytes of its value. */
export function tableField(name: string, tag: string, value: Buffer): Buffer {
  return Buffer.concat([shortText(name), Buffer.from(tag), value]);
}

/** The value of a text, as it stands in a table. */
export function longText(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** `basic.publish`, the header with content type and table, and the body. */
function publishFrames(queue: string, table: Buffer, body: Buffer): (channel: number) => Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(body.length));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(table.length);
  const method = Buffer.concat([Buffer.from([0, 60, 0, 40, 0, 0, 0]), shortText(queue), Buffer.of(0)]);
  const flags = Buffer.from([0xa0, 0]);
  const start = Buffer.from([0, 60, 0, 0]);
  const header = Buffer.concat([start, size, flags, shortText('application/json'), length, table]);
  return (channel) =>
    Buffer.concat([frame(1, channel, method), frame(2, channel, header), frame(3, channel, body)]);
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.of(0xce)]);
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** Past amqplib, which would not write such a table, on the channel's own number. */
function writeFrames(channel: ConfirmChannel, frames: (channel: number) => Buffer): void {
  const { ch, connection } = channel as unknown as {
    ch: number;
    connection: { stream: NodeJS.WritableStream };
  };
  connection.stream.write(frames(ch));
}
