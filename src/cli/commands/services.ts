/** `omega services`: MongoDB and RabbitMQ for this folder. */
import type { Command } from 'commander';
import { hidePassword } from '../../protocol/hidden-password.ts';
import type { ServiceOptions } from '../../services/options.ts';
import { keepPrivateServices, stopPrivateServices } from '../../services/private-services.ts';
import { findOrStartServices, inspectServices, type Service } from '../../services/services.ts';
import type { GlobalOptions } from '../global-options.ts';
import { serviceOptions } from '../local-services.ts';
import { formatTable, print } from '../output.ts';

const ORIGINS = {
  environment: 'set in the environment',
  running: 'running on this machine',
  private: 'private, in .omega',
} as const;

export function addServicesCommand(program: Command): void {
  const services = program
    .command('services')
    .summary('start, stop and show MongoDB and RabbitMQ')
    .description('MongoDB and RabbitMQ for the commands of this folder.');
  const options = serviceOptions((line) => process.stderr.write(`${line}\n`));
  const globals = () => program.opts<GlobalOptions>();

  services
    .command('start')
    .description('find the servers, or start private ones under .omega that run until stop')
    .action(async () => showServices(globals(), await startServices(options)));

  services
    .command('stop')
    .description('stop the private servers')
    .action(async () => {
      await stopPrivateServices(options);
      print(globals(), { stopped: true }, 'the private servers are stopped');
    });

  services
    .command('status')
    .description('show the servers that commands here would use')
    .action(async () => showServices(globals(), await inspectServices(options)));
}

async function startServices(options: ServiceOptions): Promise<readonly Service[]> {
  const { mongo, broker, release } = await findOrStartServices(options);
  const isPrivate = mongo.origin === 'private' || broker.origin === 'private';
  if (isPrivate) await keepPrivateServices(options);
  await release();
  return [mongo, broker];
}

function showServices(globals: GlobalOptions, services: readonly Service[]): void {
  const shown = services.map(hideSecrets);
  const rows = shown.map(({ name, url, origin, pid }) => [name, ORIGINS[origin], pid, url]);
  const text = rows.length > 0 ? formatTable(['SERVICE', 'WHERE FROM', 'PID', 'URL'], rows) : 'nothing runs';
  print(globals, shown, text);
}

/** Only a URL from the environment has a secret: RabbitMQ's own `guest` login is to be copied. */
function hideSecrets(service: Service): Service {
  return service.origin === 'environment' ? { ...service, url: hidePassword(service.url) } : service;
}
