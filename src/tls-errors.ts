/** What the errors of a TLS connection mean, and what to do about them. */

/** How the settings of a server are called. */
export interface TlsNames {
  readonly ca: string;
  readonly cert: string;
  /** What names the host. */
  readonly host: string;
}

const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What to do about an error, or one that caused it; null when it is none of TLS. */
export function tlsRemedy(error: unknown, names: TlsNames): string | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return remedyFor(code, names) ?? tlsRemedy(error.cause, names);
}

function remedyFor(code: string, { ca, cert, host }: TlsNames): string | null {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return `the authority of the server's certificate is not known: name its file as ${ca}`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for another host: correct ${host}`;
  }
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired: renew it";
  if (code.startsWith('ERR_SSL_') && /CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA/.test(code)) {
    return `the server does not accept this client's certificate: name one that it accepts as ${cert}`;
  }
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL' || code === 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION') {
    return 'the server speaks no version of TLS from 1.2 on: update it';
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'there is no TLS at this port: correct the port, or the scheme of the URL';
  }
  return null;
}
