/** The events of the worker itself: it is there, it is alive, it goes (celery/worker/heartbeat.py). */
import { loadavg, type } from 'node:os';
import type { EventDispatcher } from '../control/event-dispatcher.ts';
import { packageVersion } from '../package-version.ts';

export interface HeartbeatOptions {
  readonly dispatcher: EventDispatcher;
  /** Seconds. A receiver takes the worker for dead when it has heard nothing for twice as long. */
  readonly interval: number;
  /** Tasks that run now. */
  active(): number;
  /** Tasks received so far. */
  processed(): number;
}

export interface Heartbeat {
  /** When it last said that the worker is there, in milliseconds since the epoch; null before the first time. */
  readonly last: number | null;
  /** Whether it has been silent for much longer than it should be: its timer, or what it tells, is stuck. */
  readonly isStuck: boolean;
  /** Says that the worker is there, and goes on saying so. */
  start(): void;
  /** Sends a heartbeat now. @param interval the next one is to be expected in so many seconds. */
  beat(interval: number): void;
  /** Says that the worker goes, if it has said that it is there. */
  stop(): void;
}

/** Heartbeats that may be missing one after the other. */
const MAX_MISSED = 5;
/** For a machine that stood still: the timer that is due fires before anything is answered. */
const SPARE_MS = 1_000;

/** A heartbeat that has not started yet. */
export function createHeartbeat({ dispatcher, interval, active, processed }: HeartbeatOptions): Heartbeat {
  const software = { sw_ident: 'omegaml-node', sw_ver: packageVersion(), sw_sys: type() };
  let timer: NodeJS.Timeout | undefined;
  let last: number | null = null;
  const longestSilence = MAX_MISSED * interval * 1000 + SPARE_MS;

  function send(event: string, freq: number): void {
    const load = { active: active(), processed: processed(), loadavg: loadavg().map(roundTo2) };
    dispatcher.send(event, { freq, ...load, ...software });
    last = Date.now();
  }

  function beat(freq: number): void {
    send('worker-heartbeat', freq);
  }

  return {
    get last() {
      return last;
    },
    get isStuck() {
      return timer !== undefined && last !== null && Date.now() - last > longestSilence;
    },
    start() {
      send('worker-online', interval);
      timer = setInterval(beat, interval * 1000, interval).unref();
    },
    beat,
    stop() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      dispatcher.flush();
      send('worker-offline', interval);
    },
  };
}

function roundTo2(value: number): number {
  return Math.round(value * 100) / 100;
}
