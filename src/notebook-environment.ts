/** What notebooks are told of the worker's settings: where the servers are, and how to log in, only when that is granted. */
import { describeSettings, type Settings } from './config.ts';
import type { Environment } from './secret-files.ts';

/** What a client needs in order to reach MongoDB and RabbitMQ. */
const ACCESS = /^(mongoUrl|broker(Ca|Cert|Key|KeyPassword|ServerName|Verify)?)$/;

/** The settings as environment variables: the kernels get them on top of what programs need to run. */
export function notebookEnvironment(settings: Settings): Environment {
  const granted = describeSettings().filter(
    ({ name }) => name === 'bucket' || (settings.notebookAccess && ACCESS.test(name)),
  );
  const variables = granted.flatMap(({ name, origin: { env } }) =>
    settings[name] === undefined ? [] : env.map((variable) => [variable, String(settings[name])] as const),
  );
  return Object.fromEntries(variables);
}
