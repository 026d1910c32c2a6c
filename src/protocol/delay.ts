/**
 * Celery's native delayed delivery (kombu/transport/native_delayed_delivery.py): a ladder of 28 queues, the
 * one of level `n` with a time to live of 2^n seconds. The first 28 words of a message's routing key are its
 * delay in binary: at each level it waits where its word is 1, and passes where it is 0.
 */
import type { Publication } from '../contract/transport.ts';
import { type Fields, isFields } from './fields.ts';

/** Levels of the ladder, from 27 (4 years) to 0 (one second). */
export const DELAY_LEVELS = 28;
/** Where a message comes out, with its routing key as it went in. */
export const DELAYED_DELIVERY_EXCHANGE = 'celery_delayed_delivery';

/** Shorter delays than this many milliseconds are not for the ladder, which counts in seconds. */
export const SHORTEST_DELAY_MS = 1_000;
const LONGEST_DELAY_SECONDS = 2 ** DELAY_LEVELS - 1;
/** AMQP's limit for a routing key. */
const MAX_KEY_BYTES = 255;
const LEVEL_NAME = /^celery_delayed_\d+$/;
const DELAY_PREFIX = new RegExp(`^(?:[01]\\.){${DELAY_LEVELS}}`);

/** Name of a level's queue and of its exchange. */
export function delayLevelName(level: number): string {
  return `celery_delayed_${level}`;
}

/** Binding key by which a queue gets its messages out of the ladder, whatever their delay was. */
export function delayedBindingKey(queue: string): string {
  // Not Celery's `#.<queue>`: a queue `a` would get the messages for a queue `b.a` too.
  return `${'*.'.repeat(DELAY_LEVELS)}${queue}`;
}

/** Whether a message has come down the ladder: the broker notes where its time to live was over (`x-death`). */
export function cameThroughDelay({ 'x-death': deaths }: Fields): boolean {
  if (!Array.isArray(deaths)) return false;
  return deaths.some((death) => isFields(death) && LEVEL_NAME.test(String(death.queue)));
}

/** Whether messages for a queue fit through the ladder: their routing key has 56 characters more. */
export function isDelayable(queue: string): boolean {
  return 2 * DELAY_LEVELS + Buffer.byteLength(queue) <= MAX_KEY_BYTES;
}

/**
 * The publication on its way up the ladder, so that it reaches its queue in the second before `eta`: seconds
 * are rounded down, as Celery does, and whoever receives it waits for the rest. As it is when that is less
 * than a second away, when it goes to an exchange of its own, or when its queue's name is too long.
 */
export function delayUntil(publication: Publication, eta: Date | null, now: Date): Publication {
  const queue = queueOf(publication);
  const seconds = eta === null ? 0 : Math.floor((eta.getTime() - now.getTime()) / 1000);
  if (queue === null || !(seconds >= 1) || !isDelayable(queue)) return publication;
  // A time to live of its own would push it on before its level's has passed.
  const { expiration: _, ...properties } = publication.properties;
  return {
    ...publication,
    exchange: delayLevelName(DELAY_LEVELS - 1),
    routingKey: `${delayPrefix(seconds)}${queue}`,
    properties,
  };
}

/** The queue that a publication is for; null when an exchange of its own decides. */
function queueOf({ exchange, routingKey }: Publication): string | null {
  if (exchange === '') return routingKey;
  const isDelayed = exchange === delayLevelName(DELAY_LEVELS - 1);
  return isDelayed ? routingKey.replace(DELAY_PREFIX, '') : null;
}

function delayPrefix(seconds: number): string {
  const bits = Math.min(seconds, LONGEST_DELAY_SECONDS).toString(2).padStart(DELAY_LEVELS, '0');
  return `${[...bits].join('.')}.`;
}
