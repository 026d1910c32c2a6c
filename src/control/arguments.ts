/** The arguments of commands, as they came over the wire: read by name and type, within bounds. */
import { InvalidTaskError } from '../errors.ts';
import { type Fields, isFields } from '../protocol/fields.ts';
import { pythonRepr } from '../protocol/repr.ts';
import type { Stamps } from './controlled-worker.ts';

/** More in one command is no command of a person or a monitor. */
const MAX_ITEMS = 10_000;
const MAX_TEXT = 1_024;
const MAX_SLOTS = 1_024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A text or a list of texts. @throws InvalidTaskError */
export function textList(args: Fields, name: string): string[] {
  const value = args[name] ?? [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_ITEMS) {
    throw new InvalidTaskError(`argument '${name}' has ${list.length} items: send at most ${MAX_ITEMS}`);
  }
  if (list.every(isShortText)) return [...new Set(list)];
  return wrong(name, value, `a string or a list of strings of at most ${MAX_TEXT} characters`);
}

/** @throws InvalidTaskError */
export function text(args: Fields, name: string): string {
  const value = args[name];
  return isShortText(value) && value !== '' ? value : wrong(name, value, 'a string that is not empty');
}

/** The name of a client's reply queue: a UUID, so that results go to no queue of tasks. @throws InvalidTaskError */
export function replyQueue(args: Fields, name: string): string {
  const value = text(args, name);
  return UUID.test(value) ? value : wrong(name, value, 'the UUID of a client');
}

/** Null where it is missing or null. @throws InvalidTaskError */
export function optionalText(args: Fields, name: string): string | null {
  const value = args[name];
  return value === undefined || value === null || value === '' ? null : text(args, name);
}

/** Python's truth of `true`, `1`, and the strings that Celery takes for it. */
export function flag(args: Fields, name: string): boolean {
  const value = args[name];
  return value === true || value === 1 || (typeof value === 'string' && /^(true|yes|on|1)$/i.test(value));
}

/** Null where it is missing or null. @throws InvalidTaskError unless it is a number of seconds above 0. */
export function optionalSeconds(args: Fields, name: string): number | null {
  const value = args[name];
  if (value === undefined || value === null || value === 0) return null;
  const isSeconds = typeof value === 'number' && value > 0 && value < 2 ** 31;
  return isSeconds ? value : wrong(name, value, 'a number of seconds above 0, or null');
}

/** Null where it is missing or null. @throws InvalidTaskError unless it is a number of slots. */
export function optionalSlots(args: Fields, name: string): number | null {
  const value = args[name];
  if (value === undefined || value === null) return null;
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_SLOTS;
  return isCount ? value : wrong(name, value, `a whole number from 1 to ${MAX_SLOTS}`);
}

/**
 * `{name: value}` or `{name: [values]}`, or Celery's command line: a list of `name=value`.
 *
 * @throws InvalidTaskError
 */
export function stamps(args: Fields, name: string): Stamps {
  const value = args[name];
  if (Array.isArray(value)) return stampsFromPairs(textList(args, name));
  if (!isFields(value)) return wrong(name, value, 'an object, or a list of name=value');
  const names = textList({ names: Object.keys(value) }, 'names');
  return Object.fromEntries(names.map((stamp) => [stamp, textList(value, stamp)]));
}

function stampsFromPairs(pairs: readonly string[]): Stamps {
  const found = new Map<string, string[]>();
  for (const pair of pairs) {
    const [stamp = '', value] = pair.split('=', 2);
    if (value === undefined) return wrong('headers', pair, 'name=value');
    found.set(stamp, [...(found.get(stamp) ?? []), value]);
  }
  return Object.fromEntries(found);
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function wrong(name: string, value: unknown, wanted: string): never {
  throw new InvalidTaskError(`argument '${name}' is ${pythonRepr(value, 80)}: it must be ${wanted}`);
}
