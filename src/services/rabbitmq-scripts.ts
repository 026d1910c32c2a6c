/** Where RabbitMQ's own scripts are on this machine, and how to install it where it is missing. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MissingDependency } from '../errors.ts';
import { findOnPath, isExecutable, listFolder, run } from './commands.ts';
import type { ServiceOptions } from './options.ts';

const DEBIAN_COMMAND = 'apt-get install -y rabbitmq-server';

/**
 * Folder of the scripts `rabbitmq-server` and `rabbitmqctl` as RabbitMQ ships them. Installs RabbitMQ where
 * that needs nothing but a yes: Debian and its kin, as root.
 *
 * @throws MissingDependency with the one command that installs it on this platform.
 */
export async function findOrInstallRabbitmq(options: ServiceOptions): Promise<string> {
  const found = findScripts(options.env);
  if (found !== null) return found;
  if (await installOnDebian(options)) {
    const installed = findScripts(options.env);
    if (installed !== null) return installed;
  }
  throw new MissingDependency(
    `RabbitMQ is not installed: run \`${installCommand(options.env)}\`, or set OMEGA_BROKER to a broker that runs`,
  );
}

/**
 * Debian's wrapper on `PATH` changes the user and ends with status 0 when it cannot write: only a folder
 * that holds the scripts themselves counts.
 */
function findScripts(env: ServiceOptions['env']): string | null {
  const onPath = findOnPath('rabbitmq-server', env.PATH);
  const candidates = [
    ...listFolder('/usr/lib/rabbitmq/lib').map((release) => join(release, 'sbin')),
    ...(onPath ? [dirname(realpathSync(onPath))] : []),
    '/opt/rabbitmq/sbin',
    '/opt/homebrew/opt/rabbitmq/sbin',
    '/usr/local/opt/rabbitmq/sbin',
  ];
  const hasScripts = (folder: string) =>
    isExecutable(join(folder, 'rabbitmq-defaults')) && isExecutable(join(folder, 'rabbitmqctl'));
  return candidates.find(hasScripts) ?? null;
}

async function installOnDebian({ env, progress, confirm }: ServiceOptions): Promise<boolean> {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || findOnPath('apt-get', env.PATH) === null) return false;
  if (!(await confirm(`RabbitMQ is not installed. Run \`${DEBIAN_COMMAND}\` now?`))) return false;
  progress(`installing RabbitMQ: ${DEBIAN_COMMAND}`);
  const [program = '', ...args] = DEBIAN_COMMAND.split(' ');
  // In runlevel 1 the package does not start a server of the system, which nobody asked for.
  const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
  try {
    await run(program, ['update'], quiet);
    await run(program, args, quiet);
    return true;
  } catch {
    return false;
  }
}

function installCommand(env: ServiceOptions['env']): string {
  if (process.platform === 'darwin') return 'brew install rabbitmq';
  if (process.platform === 'win32') return 'choco install rabbitmq';
  const managers = [
    ['apt-get', `sudo ${DEBIAN_COMMAND}`],
    ['dnf', 'sudo dnf install -y rabbitmq-server'],
    ['zypper', 'sudo zypper install -y rabbitmq-server'],
    ['pacman', 'sudo pacman -S --noconfirm rabbitmq'],
    ['apk', 'sudo apk add rabbitmq-server'],
  ] as const;
  const known = managers.find(([manager]) => findOnPath(manager, env.PATH) !== null);
  return known?.[1] ?? 'docker run -d -p 5672:5672 rabbitmq:3';
}
