/** Where the broker is, and as whom we log in. */
import { ImproperlyConfigured } from '../errors.ts';

/** Where the broker is; safe to show. */
export interface BrokerAddress {
  readonly hostname: string;
  readonly port: number;
  readonly virtualHost: string;
  readonly protocol: 'amqp' | 'amqps';
  readonly username: string;
}

/** An address with its password. Never to be logged. */
export interface BrokerLogin extends BrokerAddress {
  readonly password: string;
}

const AMQP_PORT = 5672;
const AMQPS_PORT = 5671;
const EXAMPLE = 'amqp://user:password@host:5672/vhost';

/**
 * Reads one URL, or several with `;` between them (kombu/connection.py).
 *
 * @throws ImproperlyConfigured; its message never holds the password.
 */
export function parseBrokerUrls(urls: string): readonly [BrokerLogin, ...BrokerLogin[]] {
  // A password may have a semicolon.
  const [first = '', ...others] = urls.split(/;(?=[a-z]*:\/\/)/);
  return [parseBrokerUrl(first), ...others.map(parseBrokerUrl)];
}

/**
 * Reads a broker URL as Celery writes it: `amqp://`, `pyamqp://` or `amqps://`; the virtual host is what
 * follows the first slash, `/` when that is nothing (kombu/utils/url.py). User and password default to
 * `guest`.
 *
 * @throws ImproperlyConfigured; its message never holds the password.
 */
export function parseBrokerUrl(url: string): BrokerLogin {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const protocol = parsed && protocolOf(parsed);
  if (!parsed || !protocol || !parsed.hostname) {
    throw new ImproperlyConfigured(`the broker's URL is not valid: write it as ${EXAMPLE}`);
  }
  const hasLogin = parsed.username !== '' || parsed.password !== '';
  return {
    protocol,
    hostname: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port) || (protocol === 'amqps' ? AMQPS_PORT : AMQP_PORT),
    virtualHost: decode(parsed.pathname.slice(1)) || '/',
    username: hasLogin ? decode(parsed.username) : 'guest',
    password: hasLogin ? decode(parsed.password) : 'guest',
  };
}

/** The address as messages name it. */
export function describeAddress({ hostname, port, virtualHost }: BrokerAddress): string {
  return `${hostname}:${port}, virtual host '${virtualHost}'`;
}

function protocolOf({ protocol }: URL): 'amqp' | 'amqps' | null {
  if (protocol === 'amqps:') return 'amqps';
  return protocol === 'amqp:' || protocol === 'pyamqp:' ? 'amqp' : null;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ImproperlyConfigured(
      `the broker's URL has a '%' that starts no percent-encoded character: write %25, as in ${EXAMPLE}`,
    );
  }
}
