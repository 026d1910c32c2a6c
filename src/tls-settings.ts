/** The settings about TLS to RabbitMQ (celery's `broker_use_ssl`). MongoDB has them as options of its URL. */
import { z } from 'zod';
import { onOff, setting } from './setting.ts';

const text = z.string().min(1).optional();

export const tlsSettings = {
  brokerCa: setting(
    text,
    "file of the authorities by which RabbitMQ's certificate is checked, in PEM (default: those of Node)",
    { env: ['OMEGA_BROKER_CA'] },
  ),
  brokerCert: setting(text, 'file of the certificate that RabbitMQ is shown, in PEM (default: none)', {
    env: ['OMEGA_BROKER_CERT'],
  }),
  brokerKey: setting(text, 'file of the private key of that certificate, in PEM', {
    env: ['OMEGA_BROKER_KEY'],
  }),
  brokerKeyPassword: setting(text, 'password of that private key (default: it is not encrypted)', {
    env: ['OMEGA_BROKER_KEY_PASSWORD'],
    secret: true,
  }),
  brokerServerName: setting(
    text,
    "name that RabbitMQ's certificate must have (default: the host of its URL)",
    { env: ['OMEGA_BROKER_SERVER_NAME'] },
  ),
  brokerVerify: setting(
    onOff.default(true),
    "whether RabbitMQ's certificate is checked; off lets anybody who is between read and change everything",
    { env: ['OMEGA_BROKER_VERIFY'] },
  ),
};

export type TlsSettings = Readonly<z.infer<z.ZodObject<typeof tlsSettings>>>;
