/** Secrets in files, as Docker and Kubernetes mount them: `<variable>_FILE` names the file that holds the value. */
import { readFileSync } from 'node:fs';
import { ImproperlyConfigured } from './errors.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment with the secrets that are in files, and without the names of those files.
 *
 * @param variables those that may be in a file.
 * @throws ImproperlyConfigured when a file cannot be read or is empty, or a secret is given both ways.
 */
export function readSecretFiles(env: Environment, variables: readonly string[]): Environment {
  const values: Record<string, string | undefined> = { ...env };
  for (const variable of variables) {
    const path = env[fileVariable(variable)];
    delete values[fileVariable(variable)];
    if (!path) continue;
    if (env[variable]) {
      throw new ImproperlyConfigured(
        `${variable} and ${fileVariable(variable)} are both set: set the one that holds the right value`,
      );
    }
    values[variable] = readSecret(path, fileVariable(variable));
  }
  return values;
}

/** The variable that names the file of a secret. */
export function fileVariable(variable: string): string {
  return `${variable}_FILE`;
}

/** Without the line end that editors and `echo` leave. */
function readSecret(path: string, variable: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ImproperlyConfigured(
      `${variable}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (text !== '') return text;
  throw new ImproperlyConfigured(`${variable}: ${path} is empty: write the value into it`);
}
