/** Certificates of those who sign messages (celery/security/certificate.py). */
import { constants, verify, X509Certificate } from 'node:crypto';

/** What signatures are made of, by Celery's names (`security_digest`), and OpenSSL's. */
export const DIGESTS = {
  sha256: 'sha256',
  sha224: 'sha224',
  sha384: 'sha384',
  sha512: 'sha512',
  sha512_224: 'sha512-224',
  sha512_256: 'sha512-256',
  sha3_224: 'sha3-224',
  sha3_256: 'sha3-256',
  sha3_384: 'sha3-384',
  sha3_512: 'sha3-512',
} as const;

export type Digest = keyof typeof DIGESTS;

export interface Certificate {
  /** Issuer and serial number: by this a message names its signer. */
  readonly id: string;
  readonly expires: Date;
  /** Whether the certificate's key has signed the data. */
  verifies(data: Buffer, signature: Buffer, digest: Digest): boolean;
  /** Whether the private key is that of the certificate. */
  belongsTo(key: Parameters<X509Certificate['checkPrivateKey']>[0]): boolean;
}

/** @throws Error for what is no certificate with an RSA key, in PEM. */
export function readCertificate(pem: string): Certificate {
  const certificate = new X509Certificate(pem);
  const { publicKey: key, issuer, serialNumber } = certificate;
  if (key.asymmetricKeyType !== 'rsa') {
    throw new Error(`its key is of type ${key.asymmetricKeyType}, and only RSA can be used`);
  }
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
  return {
    id: `${issuerText(issuer)} ${BigInt(`0x${serialNumber}`)}`,
    expires: new Date(certificate.validTo),
    verifies: (data, signature, digest) =>
      verify(DIGESTS[digest], data, { key, padding, saltLength }, signature),
    belongsTo: (privateKey) => certificate.checkPrivateKey(privateKey),
  };
}

/** The values of the issuer's attributes. Node has them as `name=value`, escaped as in RFC 2253. */
function issuerText(issuer: string): string {
  return issuer
    .split(/\n| \+ /)
    .map((attribute) => unescaped(attribute.slice(attribute.indexOf('=') + 1)))
    .join(' ');
}

function unescaped(value: string): string {
  return value.replace(/\\([0-9A-F]{2}|.)/g, (_, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
}
