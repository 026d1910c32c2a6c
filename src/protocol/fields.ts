/** Fields of tables and JSON objects that came over the wire, read by name and type. */
import { ProtocolError } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a plain object, as JSON and AMQP tables are. */
export function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @throws ProtocolError unless the field is a string that is not empty. */
export function textField(fields: Fields, name: string, where: string): string {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : wrong(value, name, where, 'a string');
}

/** Null where the field is missing, null or empty. @throws ProtocolError if it is no string. */
export function optionalText(fields: Fields, name: string, where: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? value : wrong(value, name, where, 'a string or null');
}

/** Null where the field is missing or null. @throws ProtocolError unless it is an integer of 0 or more. */
export function optionalCount(fields: Fields, name: string, where: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return wrong(value, name, where, 'an integer of 0 or more, or null');
}

/** Null where the field is missing or null. @throws ProtocolError unless it is a list of objects. */
export function optionalObjects(fields: Fields, name: string, where: string): readonly Fields[] | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  return Array.isArray(value) && value.every(isFields)
    ? value
    : wrong(value, name, where, 'a list of objects');
}

/** Null where the field is missing or null. @throws ProtocolError unless it is an object. */
export function optionalFields(fields: Fields, name: string, where: string): Fields | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  return isFields(value) ? value : wrong(value, name, where, 'an object');
}

/** Says what a field is and what it must be. @throws ProtocolError always. */
export function wrong(value: unknown, name: string, where: string, wanted: string): never {
  throw new ProtocolError(`${where}: '${name}' is ${describe(value)}; it must be ${wanted}`);
}

/** A value in a few words. Never throws: an object from the wire may have any `toString`, or none. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'string') return value === '' ? 'empty' : `'${value.slice(0, 80)}'`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
