/** Chords in Redis, by Celery's protocol (celery/backends/redis.py `on_chord_part_return`). */
import { randomUUID } from 'node:crypto';
import { MessageTooLarge, OperationalError, ProtocolError } from '../errors.ts';
import type { ResultTuple } from '../protocol/canvas.ts';
import { recordFromResult } from '../protocol/exception.ts';
import { isFields } from '../protocol/fields.ts';
import { parsePlainJson, stringifyJson } from '../protocol/json.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/result.ts';
import { type ResultContent, readStored, type Stored, writeStored } from '../protocol/result-content.ts';
import { isReady, SUCCESS } from '../protocol/states.ts';
import { readStoredPart, readStoredPlain, writeStoredPart } from '../protocol/stored-result.ts';
import type { ChordClaim, ChordCounter, ChordOutcome } from './chord-counter.ts';
import { defineScript, type RedisClient, reachingRedis } from './redis-client.ts';
import { ADD_CHORD_PART, CHORD_SIZE, END_CHORD, EXTEND_CHORD_CLAIM } from './redis-keys.ts';
import { ValueRoom } from './value-room.ts';

/** Twice Celery's `result_chord_join_timeout`. */
const CLAIM_SECONDS = 6;
/** Time for sending the body. */
const SENDING_SECONDS = 30;
const DONE_SECONDS = 300;

/** What `ADD_CHORD_PART` answers. */
const CLAIMED = 1;
const CLAIMED_AGAIN = 2;
const HELD = 3;

/** A part as it is kept: `[1, task id, state, value]`. */
interface StoredPart {
  readonly taskId: string;
  readonly state: string;
  readonly value: unknown;
}

/** Names the key of a task or group. */
type KeyOf = (id: string) => string;

export interface RedisChordOptions {
  readonly groupKey: KeyOf;
  readonly taskKey: KeyOf;
  /** Seconds, 0 for never. */
  readonly expires: number;
  readonly content: ResultContent;
}

export function openRedisChords(
  client: RedisClient,
  { groupKey, taskKey, expires, content }: RedisChordOptions,
): ChordCounter {
  const addPart = defineScript(client, 'omegaAddChordPart', 6, ADD_CHORD_PART);
  const extend = defineScript(client, 'omegaExtendChordClaim', 2, EXTEND_CHORD_CLAIM);
  const end = defineScript(client, 'omegaEndChord', 5, END_CHORD);
  const keep = (key: string, value: Stored) =>
    reachingRedis(() => (expires > 0 ? client.set(key, value, 'EX', expires) : client.set(key, value)));
  const sizeOf = defineScript(client, 'omegaChordSize', 1, CHORD_SIZE);
  const worker = randomUUID();

  async function read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    if (keys.length === 0) return [];
    const sizes = await reachingRedis(() => Promise.all(keys.map((key) => client.strlen(key))));
    assertRoom(sizes.reduce((sum, size) => sum + size, 0));
    return await reachingRedis(() => client.mgetBuffer([...keys]));
  }

  function claimOf(
    groupId: string,
    token: string,
    { outcome, isCopy }: Pick<ChordClaim, 'outcome' | 'isCopy'>,
  ): ChordClaim {
    const { parts, difference, size, counted, claim } = keysOf(groupKey(groupId));
    return {
      outcome,
      isCopy,
      extend: async () => (await extend(claim, size, token, SENDING_SECONDS)) === 1,
      end: async () => void (await end(claim, parts, difference, size, counted, token, DONE_SECONDS)),
      drop: async () => void (await reachingRedis(() => client.del(size))),
    };
  }

  async function join(groupId: string): Promise<ChordOutcome> {
    const [header] = await read([groupKey(groupId)]);
    if (header) return await joinHeader(header, content, (ids) => read(ids.map(taskKey)));
    const key = keysOf(groupKey(groupId)).parts;
    assertRoom(Number(await sizeOf(key)));
    const parts = await reachingRedis(() => client.zrangeBuffer(key, 0, '-1'));
    return joinParts(parts.map((part) => decodePart(part, content)));
  }

  return {
    async begin(groupId, size) {
      const keys = keysOf(groupKey(groupId));
      // An id that is used again, because its signature is, names a new chord.
      await reachingRedis(() => client.del(keys.claim));
      await keep(keys.size, String(size));
    },
    saveHeader: async (header) =>
      void (await keep(groupKey(header[0][0]), writeStored(stringifyJson({ result: header }), content))),
    async addPart(part) {
      const { parts, difference, size, counted, claim, header } = keysOf(groupKey(part.groupId));
      const keys = [parts, difference, size, counted, claim, header];
      // Whoever tries again after a failure has the claim already.
      const token = `${worker}:${part.taskId}`;
      const index = part.groupIndex ?? '+inf';
      const claimed = await addPart(
        ...[...keys, part.taskId, index, writeStoredPart(part, content), expires, CLAIM_SECONDS, token],
      );
      if (claimed === HELD) throw heldElsewhere(part.groupId);
      if (claimed !== CLAIMED && claimed !== CLAIMED_AGAIN) return null;
      const outcome = await join(part.groupId).catch(notJoined);
      return claimOf(part.groupId, token, { outcome, isCopy: claimed === CLAIMED_AGAIN });
    },
  };
}

function keysOf(group: string) {
  return {
    parts: `${group}.j`,
    difference: `${group}.t`,
    size: `${group}.s`,
    counted: `${group}.d`,
    claim: `${group}.c`,
    header: group,
  };
}

function decodePart(stored: Buffer, content: ResultContent): StoredPart {
  const part = readStoredPart(stored, content);
  const [, taskId, state, value]: unknown[] = Array.isArray(part) ? part : [];
  if (typeof taskId === 'string' && typeof state === 'string') return { taskId, state, value };
  throw new ProtocolError('a part of a chord is none of Celery: it has no task id and state');
}

function joinParts(parts: readonly StoredPart[]): ChordOutcome {
  const failed = parts.find(({ state }) => isReady(state) && state !== SUCCESS);
  if (failed) return { kind: 'failed', message: dependencyRaised(failed) };
  return { kind: 'joined', values: parts.map(({ value }) => value) };
}

/** What a message has no room for is not read: the worker might have none either. @throws MessageTooLarge */
function assertRoom(bytes: number): void {
  new ValueRoom(MAX_MESSAGE_BYTES).take(bytes);
}

/** Results that cannot be read or passed on now cannot be later either. */
function notJoined(error: unknown): ChordOutcome {
  if (!(error instanceof ProtocolError) && !(error instanceof MessageTooLarge)) throw error;
  return { kind: 'failed', message: `Join error: ${error.message}` };
}

function heldElsewhere(groupId: string): OperationalError {
  return new OperationalError(
    `another worker is sending the body of chord ${groupId}: it is taken over if that does not end`,
  );
}

/** The message of celery/backends/redis.py `_unpack_chord_result`. */
function dependencyRaised({ taskId, value }: StoredPart): string {
  const { excType, excMessage } = recordFromResult(value, null);
  const args = excMessage.map((part) => pythonRepr(part)).join(', ');
  return `Dependency ${taskId} raised ${excType.split('.').at(-1)}(${args})`;
}

/** A header with groups in it: its results come from the tasks' own keys, in its structure. */
async function joinHeader(
  stored: Buffer,
  content: ResultContent,
  read: (taskIds: readonly string[]) => Promise<readonly (Buffer | null)[]>,
): Promise<ChordOutcome> {
  const meta = parsePlainJson(readStored(stored, { content, where: "a chord's saved header" }));
  const header = (isFields(meta) ? meta.result : null) as ResultTuple;
  const ids = leavesOf(header);
  const values = await read(ids);
  const parts = new Map(ids.map((id, index) => [id, storedPart(id, values[index] ?? null, content)]));
  const outcome = joinParts([...parts.values()]);
  if (outcome.kind === 'failed') return outcome;
  const placed = ([[id], children]: ResultTuple): unknown =>
    children ? children.map(placed) : parts.get(id)?.value;
  return { kind: 'joined', values: (header[1] ?? []).map(placed) };
}

/** @throws ProtocolError if it is no result tuple. */
function leavesOf(tuple: ResultTuple): string[] {
  const [head, children]: unknown[] = Array.isArray(tuple) ? tuple : [];
  const [id]: unknown[] = Array.isArray(head) ? head : [];
  if (typeof id !== 'string') throw new ProtocolError("a chord's saved header is no result tuple");
  return Array.isArray(children) ? children.flatMap(leavesOf) : [id];
}

function storedPart(taskId: string, stored: Buffer | null, content: ResultContent): StoredPart {
  const where = `the result of task ${taskId}, a part of a chord,`;
  const meta = stored && readStoredPlain(stored, content, where);
  if (!isFields(meta) || typeof meta.status !== 'string') {
    throw new ProtocolError(`${where} is gone, or is no result`);
  }
  return { taskId, state: meta.status, value: meta.result };
}
