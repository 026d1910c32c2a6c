/** Which kind reads an object, and which one writes a value. */
import { InvalidData, KindNotSupported } from '../errors.ts';
import type { Kind } from './kind.ts';
import type { Metadata } from './metadata.ts';

/** Kinds of omega|ml whose data only Python can read. */
const PYTHON_ONLY =
  /^(sklearn|virtualobj|pandas\.hdf|pandas\.dfgroup|python\.(package|model)|experiment|tf|keras|pytorch|mlflow)/;

/** @throws KindNotSupported */
export function kindToRead(kinds: readonly Kind[], { name, kind }: Metadata): Kind {
  const found = kinds.find((candidate) => candidate.name === kind);
  if (found) return found;
  const remedy = PYTHON_ONLY.test(kind)
    ? 'its data can be read by Python only; store it from Python in another form'
    : `the kinds are ${kinds.map((known) => known.name).join(', ')}`;
  throw new KindNotSupported(`'${name}' is a ${kind}, which cannot be read here: ${remedy}`);
}

/**
 * The kind that was asked for, else the one of the object that is there, else the first that fits.
 *
 * @throws KindNotSupported
 */
export function kindToWrite(
  kinds: readonly Kind[],
  value: unknown,
  wanted: string | undefined,
  present: string | undefined,
): Kind {
  const able = kinds.filter((kind) => kind.supports(value));
  const preferred = able.find(({ name }) => name === (wanted ?? present));
  const found = preferred ?? (wanted ? undefined : able[0]);
  if (found) return found;
  throw new KindNotSupported(
    `a value ${describeType(value)} cannot be stored${wanted ? ` as ${wanted}` : ''}: the kinds here are ${kinds.map(({ name }) => name).join(', ')}`,
  );
}

/**
 * The object that a put appends to, null for a put that replaces.
 *
 * @throws InvalidData when the object that is there is of another kind.
 */
export function appendTarget(kind: Kind, append: boolean, existing: Metadata | null): Metadata | null {
  if (!existing || !append || !kind.appends) return null;
  if (existing.kind === kind.name) return existing;
  throw new InvalidData(
    `'${existing.name}' is a ${existing.kind}, to which a ${kind.name} cannot be appended: put it with { append: false } to replace it`,
  );
}

function describeType(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : `of type ${typeof value}`;
  return `of class ${value.constructor?.name ?? 'Object'}`;
}
