import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EventDispatcher } from '../../../src/control/event-dispatcher.ts';
import { createHeartbeat } from '../../../src/worker/heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A heartbeat of every two seconds, and the events that it has sent. */
function heartbeat() {
  const sent: string[] = [];
  const dispatcher: EventDispatcher = {
    taskEvents: false,
    send: (type) => sent.push(type),
    sendTask: () => undefined,
    flush: () => undefined,
  };
  return {
    sent,
    ...{ beat: createHeartbeat({ dispatcher, interval: 2, active: () => 0, processed: () => 0 }) },
  };
}

it('knows when it was heard last', () => {
  const { beat, sent } = heartbeat();
  expect(beat.last).toBeNull();
  beat.start();
  vi.advanceTimersByTime(5_000);
  expect(sent).toEqual(['worker-online', 'worker-heartbeat', 'worker-heartbeat']);
  expect(Date.now() - (beat.last ?? 0)).toBe(1_000);
  expect(beat.isStuck).toBe(false);
});

it('is stuck when its timer does not fire any more', () => {
  const { beat } = heartbeat();
  beat.start();
  vi.clearAllTimers();
  vi.advanceTimersByTime(10_000);
  expect(beat.isStuck).toBe(false);
  vi.advanceTimersByTime(1_001);
  expect(beat.isStuck).toBe(true);
});

it('is not stuck before it has begun, nor after it has ended as it should', () => {
  const { beat } = heartbeat();
  vi.advanceTimersByTime(60_000);
  expect(beat.isStuck).toBe(false);
  beat.start();
  beat.stop();
  vi.advanceTimersByTime(60_000);
  expect(beat.isStuck).toBe(false);
});
