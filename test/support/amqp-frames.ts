/** AMQP 0-9-1 method frames: to read what a client declared, and to put words into its mouth. */

const METHOD_FRAME = 1;
const FRAME_END = 0xce;
const FRAME_OVERHEAD = 8;
const PROTOCOL_HEADER_BYTES = 8;

/** A declaration, in the form in which `amqp-declarations.json` records py-amqp's. */
export type Declaration = Readonly<Record<string, unknown>>;

/** A `basic.ack` of a delivery that never was: the broker answers it by closing the channel (406). */
export function unknownAck(channel: number): Buffer {
  const tag = Buffer.alloc(9);
  tag.writeBigUInt64BE(999_999n);
  return methodFrame(channel, 60, 80, tag);
}

/** `connection.blocked`, as the broker sends it when it is short of memory. */
export function connectionBlocked(reason: string): Buffer {
  return methodFrame(0, 10, 60, Buffer.concat([Buffer.of(reason.length), Buffer.from(reason)]));
}

/** `connection.unblocked`. */
export function connectionUnblocked(): Buffer {
  return methodFrame(0, 10, 61, Buffer.alloc(0));
}

/** What a client declared, bound and consumed, in order, by the bytes that it wrote. Passive checks are left out. */
export function declarationsIn(written: Buffer): Declaration[] {
  const declarations: Declaration[] = [];
  for (let offset = PROTOCOL_HEADER_BYTES; offset < written.length; ) {
    const size = written.readUInt32BE(offset + 3);
    const payload = written.subarray(offset + 7, offset + 7 + size);
    if (written[offset] === METHOD_FRAME) declarations.push(...decodeDeclaration(payload));
    offset += size + FRAME_OVERHEAD;
  }
  return declarations.filter(({ passive }) => passive !== true);
}

function methodFrame(channel: number, classId: number, methodId: number, fields: Buffer): Buffer {
  const frame = Buffer.alloc(11);
  frame.writeUInt8(METHOD_FRAME, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(4 + fields.length, 3);
  frame.writeUInt16BE(classId, 7);
  frame.writeUInt16BE(methodId, 9);
  return Buffer.concat([frame, fields, Buffer.of(FRAME_END)]);
}

function decodeDeclaration(payload: Buffer): Declaration[] {
  const method = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
  const reader = createReader(payload.subarray(6)); // past the ids and the reserved short
  const decoder = decoders.get(method);
  return decoder ? [decoder(reader)] : [];
}

type Reader = ReturnType<typeof createReader>;

const decoders = new Map<string, (reader: Reader) => Declaration>([
  [
    '40.10',
    ({ text, bits, table }) => {
      const [exchange, type] = [text(), text()];
      const [passive, durable, auto_delete] = bits();
      return { m: 'exchange_declare', exchange, type, passive, durable, auto_delete, arguments: table() };
    },
  ],
  [
    '40.30',
    ({ text, bits, table }) => {
      const [destination, source, routing_key] = [text(), text(), text()];
      bits();
      return { m: 'exchange_bind', destination, source, routing_key, arguments: table() };
    },
  ],
  [
    '50.10',
    ({ text, bits, table }) => {
      const queue = text();
      const [passive, durable, exclusive, auto_delete] = bits();
      return { m: 'queue_declare', queue, passive, durable, exclusive, auto_delete, arguments: table() };
    },
  ],
  [
    '50.20',
    ({ text, bits, table }) => {
      const [queue, exchange, routing_key] = [text(), text(), text()];
      bits();
      return { m: 'queue_bind', queue, exchange, routing_key, arguments: table() };
    },
  ],
  [
    '60.20',
    ({ text, bits, table }) => {
      const queue = text();
      text(); // the consumer tag
      const [no_local, no_ack, exclusive] = bits();
      return { m: 'basic_consume', queue, no_local, no_ack, exclusive, arguments: table() };
    },
  ],
]);

function createReader(bytes: Buffer) {
  let offset = 0;
  const octet = (): number => bytes.readUInt8(offset++);

  function text(length = octet()): string {
    offset += length;
    return bytes.toString('utf8', offset - length, offset);
  }

  function bits(): boolean[] {
    const value = octet();
    return [0, 1, 2, 3, 4].map((bit) => (value & (1 << bit)) !== 0);
  }

  function integer(size: number): number {
    offset += size;
    return size === 8 ? Number(bytes.readBigInt64BE(offset - size)) : bytes.readIntBE(offset - size, size);
  }

  function value(): unknown {
    const type = text(1);
    if (type === 'S') return text(integer(4));
    if (type === 't') return octet() !== 0;
    const sizes: Readonly<Record<string, number>> = { b: 1, s: 2, I: 4, l: 8 };
    const size = sizes[type];
    if (size === undefined) throw new Error(`a table value of type '${type}' cannot be read here`);
    return integer(size);
  }

  function table(): Record<string, unknown> {
    const end = integer(4) + offset;
    const entries: Record<string, unknown> = {};
    while (offset < end) entries[text()] = value();
    return entries;
  }

  return { text, bits, table };
}
