/**
 * Signed bodies: kombu's serializer `auth`, as Celery registers it (celery/security/serialization.py). A body is
 * signed as it was written, and verified before it is read. What its message says in headers is not signed.
 */
import { constants, type KeyObject, sign } from 'node:crypto';
import { SecurityError } from '../errors.ts';
import { type Certificate, DIGESTS, type Digest } from './certificate.ts';
import { describe } from './fields.ts';

export const SIGNED_CONTENT = { contentType: 'application/data', contentEncoding: 'utf-8' } as const;

/** What is in none of the parts but the last one. */
const SEPARATOR = Buffer.of(0, 1);

/** A body as another serializer has written it. */
export interface Content {
  readonly body: Buffer;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** Makes a signed body of a written one. */
export type Sign = (content: Content) => Buffer;

/**
 * What a signed body holds, once its signature is verified.
 *
 * @throws SecurityError
 */
export type Verify = (body: Buffer) => Content;

/** Signs with the key of a certificate. */
export function createSigner(key: KeyObject, certificate: Pick<Certificate, 'id'>, digest: Digest): Sign {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_MAX_SIGN;
  const signer = base64(Buffer.from(certificate.id));
  return ({ body, contentType, contentEncoding }) => {
    const signature = sign(DIGESTS[digest], body, { key, padding, saltLength });
    const fields = [signer, base64(signature), contentType, contentEncoding].map((text) => Buffer.from(text));
    const packed = [...fields, body].flatMap((part, index) => (index === 0 ? [part] : [SEPARATOR, part]));
    return Buffer.from(base64(Buffer.concat(packed)));
  };
}

/** Verifies what one of the certificates has signed. @param certificates by their ids. */
export function createVerifier(certificates: ReadonlyMap<string, Certificate>, digest: Digest): Verify {
  return (packed) => {
    const { signer, signature, ...content } = unpack(packed);
    const certificate = certificates.get(signer);
    const who = `the certificate ${describe(signer)}`;
    if (certificate === undefined) {
      throw new SecurityError(
        `the message is signed by ${who}, which is unknown here: add it to OMEGA_SECURITY_CERT_STORE, and start the worker again`,
      );
    }
    if (certificate.expires.getTime() <= Date.now()) {
      throw new SecurityError(
        `the message is signed by ${who}, which has expired (${certificate.expires.toISOString()}): sign with a new one, and add it to OMEGA_SECURITY_CERT_STORE`,
      );
    }
    if (!certificate.verifies(content.body, signature, digest)) {
      throw new SecurityError(
        `the message was changed, or is not signed by ${who} and with ${digest}: sign with its key and that digest (Celery: security_digest)`,
      );
    }
    return content;
  };
}

function unpack(packed: Buffer): Content & { readonly signer: string; readonly signature: Buffer } {
  const [signer, signature, contentType, contentEncoding, body] = split(fromBase64(packed));
  if (!signer || !signature || !contentType || !contentEncoding || !body) {
    throw new SecurityError(
      "the message is not signed, or a part of it is missing: send it with Celery's serializer 'auth'",
    );
  }
  return {
    signer: fromBase64(signer).toString(),
    signature: fromBase64(signature),
    contentType: contentType.toString(),
    contentEncoding: contentEncoding.toString(),
    body,
  };
}

/** Five parts; fewer where separators are missing. */
function split(fields: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  while (parts.length < 4) {
    const end = fields.indexOf(SEPARATOR, start);
    if (end === -1) break;
    parts.push(fields.subarray(start, end));
    start = end + SEPARATOR.length;
  }
  return [...parts, fields.subarray(start)];
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}

function fromBase64(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1'), 'base64');
}
