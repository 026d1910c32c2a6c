/** Canvases recorded from Celery 5.7 (test/python/make_canvas_messages.py), and what of them can be compared. */
import type { SignatureFields } from '../../src/contract/signature.ts';
import type { Applier } from '../../src/protocol/canvas.ts';
import { encodeTask, type TaskCall } from '../../src/protocol/task-message.ts';
import { readFixture, withoutSentTime } from './celery-fixtures.ts';

interface RecordedCanvas {
  readonly signature: SignatureFields;
  readonly messages: readonly unknown[];
  readonly result?: unknown;
  readonly args?: readonly unknown[];
  readonly options?: Record<string, unknown>;
}

interface RecordedCanvases {
  readonly applied: Record<string, RecordedCanvas>;
  readonly continued: Record<string, RecordedCanvas>;
}

const NOW = new Date('2026-11-25T00:00:00.000Z');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d{2}-\d{2}T/;

export function recordedCanvases(): RecordedCanvases {
  return readFixture<RecordedCanvases>('canvas-messages.json');
}

/** A client as Celery's, whose ids are counted. */
export function countingApplier(overrides: Partial<Applier> = {}): Applier {
  return {
    parent: null,
    replyTo: uuid(0xffff),
    queue: 'celery',
    origin: 'gen1@host',
    now: NOW,
    chords: 'unlock',
    newId: (n) => uuid(n),
    ...overrides,
  };
}

/** A call as the recording has its message. */
export function recordedForm(call: TaskCall): unknown {
  const { properties: all, body, routingKey } = encodeTask(call, NOW);
  const properties = withoutSentTime(all);
  const own = new Set(Object.keys(call.headers ?? {}));
  const headers = Object.entries(properties.headers ?? {}).filter(([name]) => !own.has(name));
  return {
    queue: routingKey,
    priority: properties.priority ?? null,
    user_headers: call.headers ?? {},
    reply_to: properties.replyTo,
    headers: Object.fromEntries(headers),
    body: JSON.parse(body.toString()),
  };
}

/**
 * What does not depend on a run: every id is replaced by its place of first appearance, dates and origins are masked,
 * and so are the reprs of signatures, which are tuples in Python.
 */
export function masked(value: unknown): unknown {
  const ids = new Map<string, string>();
  const maskText = (text: string): string => {
    if (DATE.test(text)) return '<date>';
    if (!UUID.test(text)) return text;
    const name = ids.get(text) ?? `<id ${ids.size}>`;
    ids.set(text, name);
    return name;
  };
  const mask = (part: unknown): unknown => {
    if (typeof part === 'string') return maskText(part);
    if (Array.isArray(part)) return part.map(mask);
    if (typeof part !== 'object' || part === null) return part;
    const keys = Object.keys(part).sort();
    return Object.fromEntries(
      keys.map((key) => [key, maskField(part as Record<string, unknown>, key, mask)]),
    );
  };
  return mask(value);
}

function maskField(fields: Record<string, unknown>, key: string, mask: (value: unknown) => unknown): unknown {
  if (key === 'origin') return '<origin>';
  const holdsSignatures = String(fields.task).startsWith('celery.');
  if (holdsSignatures && (key === 'argsrepr' || key === 'kwargsrepr')) return '<repr>';
  return mask(fields[key]);
}

function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}
