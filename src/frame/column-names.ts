/** Names of columns. */
import { InvalidData } from '../errors.ts';

/** @throws InvalidData when columns that are to be in one frame have the same name. */
export function requireUniqueNames(names: readonly string[]): void {
  if (new Set(names).size === names.length) return;
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  throw new InvalidData(
    `column '${duplicate}' is there twice (${names.join(', ')}): give each column a name of its own`,
  );
}
