import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError, SecurityError } from '../../../src/errors.ts';
import { readCertificate } from '../../../src/protocol/certificate.ts';
import { parsePlainJson } from '../../../src/protocol/json.ts';
import { readBody, type SerializerName } from '../../../src/protocol/serializers.ts';
import { createSigner } from '../../../src/protocol/signed-body.ts';
import { encodeTask, type TaskCall } from '../../../src/protocol/task-message.ts';
import {
  encodingOf,
  SIGNING,
  STRANGER,
  securityFile,
  signedBodies,
  signedBody,
  verifierOf,
} from '../../support/signed-fixtures.ts';

const SIGNED = { contentType: 'application/data', headers: {} };
const ALL: readonly SerializerName[] = ['auth', 'json', 'yaml', 'msgpack', 'pickle'];
const call: TaskCall = {
  ...{ taskId: 'a', taskName: 't', queue: 'q', replyTo: '' },
  ...{ args: [1, 'é'], kwargs: { x: null } },
};

const content = [...[[1, 'é'], { x: null }], { callbacks: null, errbacks: null, chain: null, chord: null }];

const read = (body: string | Buffer, accept: readonly SerializerName[] = ['auth']) =>
  readBody(Buffer.from(body), SIGNED, accept, verifierOf());

/** Null for what is refused. */
function textOf(body: string): string | null {
  try {
    return read(body);
  } catch {
    return null;
  }
}

describe('a body that Celery signed', () => {
  const trusted = signedBodies().filter(({ signer }) => /^(signer|example)/.test(signer));

  it.each(trusted.map((recorded) => [recorded.name, recorded] as const))(
    'is read once it is verified: %s',
    (_, { digest: securityDigest, body, json }) => {
      const verify = verifierOf({ securityDigest });
      const text = readBody(Buffer.from(body), SIGNED, ALL, verify);
      expect(parsePlainJson(text)).toEqual(parsePlainJson(json));
    },
  );

  it('is read when it is compressed', () => {
    const properties = { ...SIGNED, headers: { compression: 'application/x-gzip' } };
    const body = deflateSync(signedBody('sha256').body);
    expect(readBody(body, properties, ['auth'], verifierOf())).toContain('[1,');
  });

  it('names its signer as our reading of the certificate does', () => {
    const files = { sha256: 'store/signer.pem', odd: 'store/odd.pem', expired: 'expired.pem' };
    const ids = Object.values(files).map(
      (file) => readCertificate(readFileSync(securityFile(file), 'utf8')).id,
    );
    expect(ids).toEqual(Object.keys(files).map((name) => signedBody(name).signer));
  });

  it.each(['yaml', 'msgpack', 'pickle'] as const)('is refused where %s is not accepted', (name) => {
    expect(() => read(signedBody(name).body)).toThrow(ContentDisallowed);
  });

  it('is refused where signed messages are not accepted, or cannot be verified', () => {
    const body = Buffer.from(signedBody('sha256').body);
    expect(() => readBody(body, SIGNED, ['json'], verifierOf())).toThrow(ContentDisallowed);
    expect(() => readBody(body, SIGNED, ['auth'])).toThrow(SecurityError);
  });

  it('is refused when its signer is unknown, or when his certificate has expired', () => {
    expect(() => read(signedBody('stranger').body)).toThrow(/'stranger \d+', which is unknown here/);
    const verify = verifierOf({ securityCertStore: securityFile('expired.pem') });
    const body = Buffer.from(signedBody('expired').body);
    expect(() => readBody(body, SIGNED, ['auth'], verify)).toThrow(/has expired \(2021-01-01T/);
  });

  it('is refused when it was signed with another digest', () => {
    expect(() => read(signedBody('sha512').body)).toThrow(SecurityError);
  });

  it('never becomes anything else than what was signed, wherever it was changed', () => {
    const { body } = signedBody('sha256');
    const packed = Buffer.from(body, 'base64');
    const texts = Array.from(packed, (byte, at) => {
      const changed = Buffer.from(packed);
      changed[at] = byte ^ 1;
      return textOf(changed.toString('base64'));
    });
    const signed = read(body);
    // What does not matter are bits that base64 has no use for, and the content encoding.
    expect(new Set(texts)).toEqual(new Set([null, signed]));
    expect(texts.filter((text) => text === signed).length).toBeLessThan(10);
    expect(texts.slice(-signed.length)).toEqual(Array(signed.length).fill(null));
  });

  it('is refused wherever it is cut off', () => {
    const { body } = signedBody('sha256');
    for (let length = 0; length < body.length - 3; length += 1) {
      expect(() => read(body.slice(0, length)), `${length} characters`).toThrow(SecurityError);
    }
  });
});

describe('a signed message', () => {
  it('is refused when another key has signed it under the name of a known one', () => {
    const known = readCertificate(readFileSync(securityFile('store/signer.pem'), 'utf8'));
    const key = createPrivateKey(readFileSync(securityFile('stranger.key')));
    const { body } = encodeTask(call, new Date(), { sign: createSigner(key, known, 'sha256') });
    expect(() => read(body)).toThrow(/was changed, or is not signed by/);
  });

  it.each(['', '[[], {}, null]', '\0\x01\0\x01\0\x01\0\x01', 'AAEAAQABAAE='])('is not %j', (body) => {
    expect(() => read(body)).toThrow(SecurityError);
  });

  it('is never another signed one, or what is no body', () => {
    const { sign } = encodingOf();
    const once = sign?.({
      body: Buffer.from('[]'),
      contentType: 'application/data',
      contentEncoding: 'utf-8',
    });
    expect(() => read(once ?? '')).toThrow(ContentDisallowed);
    const text = sign?.({
      body: Buffer.from([0xff]),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
    expect(() => read(text ?? '')).toThrow(ProtocolError);
  });
});

describe('a task that is sent', () => {
  it.each(['json', 'yaml', 'msgpack'] as const)('is signed whatever its serializer is: %s', (serializer) => {
    const { body, properties, headers } = sent({ ...call, serializer });
    expect(properties).toEqual({ contentType: 'application/data', contentEncoding: 'utf-8' });
    expect(headers.compression).toBeUndefined();
    expect(parsePlainJson(read(body, ALL))).toEqual(content);
  });

  it('is signed, then compressed', () => {
    const { body, headers } = sent({ ...call, compression: 'gzip' });
    expect(parsePlainJson(readBody(body, { ...SIGNED, headers }, ['auth'], verifierOf()))).toEqual(content);
  });

  it('is refused when it was signed by a stranger', () => {
    expect(() => read(encodeTask(call, new Date(), encodingOf(STRANGER)).body)).toThrow(/is unknown here/);
  });

  it('has the serializer of the process, unless it names one', () => {
    const encoding = encodingOf({ taskSerializer: 'yaml' });
    const typeOf = (one: TaskCall) => encodeTask(one, new Date(), encoding).properties.contentType;
    expect(typeOf(call)).toBe('application/x-yaml');
    expect(typeOf({ ...call, serializer: 'json' })).toBe('application/json');
  });

  function sent(one: TaskCall) {
    const { body, properties } = encodeTask(one, new Date(), encodingOf(SIGNING));
    const { contentType, contentEncoding, headers = {} } = properties;
    return { body, properties: { contentType, contentEncoding }, headers };
  }
});
