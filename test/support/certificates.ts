/** Certificates for tests: an authority, and what it has signed. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Both in one file, as MongoDB wants them. */
  readonly both: string;
}

export interface Authority {
  readonly ca: string;
  /** @param names as in the extension `subjectAltName`: `DNS:localhost,IP:127.0.0.1`. */
  sign(name: string, names: string): Certificate;
}

/** Makes an authority whose files are in the folder. */
export function createAuthority(folder: string, name = 'authority'): Authority {
  const file = (path: string) => join(folder, path);
  const [ca, caKey] = [file(`${name}.pem`), file(`${name}.key`)];
  openssl(['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', caKey, '-out', ca]);
  return {
    ca,
    sign(subject, names) {
      const [cert, key, request] = [file(`${subject}.pem`), file(`${subject}.key`), file(`${subject}.csr`)];
      openssl(['req', ...NEW_KEY, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request]);
      const extensions = file(`${subject}.ext`);
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
      openssl(['x509', '-req', '-in', request, ...by, '-out', cert]);
      const both = file(`${subject}-both.pem`);
      writeFileSync(both, execFileSync('cat', [cert, key]));
      return { cert, key, both };
    },
  };
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
