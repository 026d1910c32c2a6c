/** The version of this package. */
import { readFileSync } from 'node:fs';

/** As in package.json. */
export function packageVersion(): string {
  const file = new URL(import.meta.resolve('omegaml-node/package.json'));
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}
