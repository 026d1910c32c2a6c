/** The settings about how messages are written and signed, by Celery's names `task_serializer` and `security_*`. */
import { z } from 'zod';
import { DIGESTS, type Digest } from './protocol/certificate.ts';
import { setting } from './setting.ts';

const text = z.string().min(1).optional();
const digests = Object.keys(DIGESTS) as [Digest, ...Digest[]];

export const securitySettings = {
  taskSerializer: setting(
    z.enum(['json', 'yaml', 'msgpack', 'auth']).default('json'),
    'serializer of the tasks that are sent: json, yaml, msgpack, or auth, which signs them',
    { env: ['OMEGA_TASK_SERIALIZER'] },
  ),
  securityKey: setting(text, 'file of the RSA private key that signs tasks, in PEM', {
    env: ['OMEGA_SECURITY_KEY'],
  }),
  securityKeyPassword: setting(text, 'password of the private key (default: it is not encrypted)', {
    env: ['OMEGA_SECURITY_KEY_PASSWORD'],
    secret: true,
  }),
  securityCertificate: setting(text, 'file of the certificate of that key, in PEM', {
    env: ['OMEGA_SECURITY_CERTIFICATE'],
  }),
  securityCertStore: setting(
    text,
    'certificates of those whose signed tasks are accepted, in PEM: a folder, or a pattern such as /etc/certs/*.pem',
    { env: ['OMEGA_SECURITY_CERT_STORE'] },
  ),
  securityDigest: setting(
    z.enum(digests).default('sha256'),
    `digest of the signatures: ${digests.join(', ')}`,
    {
      env: ['OMEGA_SECURITY_DIGEST'],
    },
  ),
};
