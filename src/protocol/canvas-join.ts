/**
 * Chords that join our way: as soon as the last task of the header is stored. A mark says which do: a message header
 * among a signature's options, so that it passes through every worker unchanged.
 *
 * - On a chord that is still to be sent, by whichever worker: it shall join so.
 * - On the body of a chord that is sent: size and id of its header. The body is in every header task and in
 *   `celery.chord_unlock`. The id tells a body from one that took over the mark of the chord around it.
 */
import type { Options } from './canvas-step.ts';
import { type Fields, isFields } from './fields.ts';

const JOIN_HEADER = 'x-omega-join';

const MARKED = 'chord';
const SIZE_AND_ID = /^(\d{1,6}):(.{1,255})$/s;

/** Marks a chord that is still to be sent. */
export function markChord(options: Options): void {
  setHeader(options, MARKED);
}

/** Whether a chord is marked. Takes the mark off: it is not meant for the chord's tasks. */
export function takeMark(options: Options): boolean {
  const { headers } = options;
  if (!isFields(headers) || !Object.hasOwn(headers, JOIN_HEADER)) return false;
  const { [JOIN_HEADER]: mark, ...others } = headers;
  options.headers = others;
  return mark === MARKED;
}

/** Marks the body of a chord that is being sent. */
export function markBody(options: Options, groupId: string, size: number): void {
  setHeader(options, `${size}:${groupId}`);
}

/** How many tasks the header has whose chord's body this is, null if the chord joins Celery's way. */
export function joinSize(body: Fields, groupId: string): number | null {
  const headers = isFields(body.options) ? body.options.headers : null;
  const mark = isFields(headers) ? headers[JOIN_HEADER] : null;
  const [, size, id] = (typeof mark === 'string' && SIZE_AND_ID.exec(mark)) || [];
  return id === groupId ? Number(size) : null;
}

function setHeader(options: Options, value: string): void {
  options.headers = { ...(isFields(options.headers) ? options.headers : {}), [JOIN_HEADER]: value };
}
