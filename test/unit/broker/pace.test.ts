import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from '../../../src/broker/pace.ts';

const send = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  send.mockReset();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The next turn of the event loop begins: what was set to run immediately has run. */
function turn(): void {
  vi.advanceTimersByTime(0);
}

/** Asks in so many turns. */
function askInTurns(pace: Pace, turns: number): void {
  for (let i = 0; i < turns; i += 1) {
    pace.request();
    turn();
  }
}

test('what is asked for now and then is sent at once', () => {
  const pace = new Pace(send);
  for (let sent = 1; sent <= 3; sent += 1) {
    pace.request();
    expect(send).toHaveBeenCalledTimes(sent);
    vi.advanceTimersByTime(5);
  }
});

test('all that one turn of the event loop asks for is sent in it', () => {
  const pace = new Pace(send);
  for (let i = 0; i < 5; i += 1) pace.request();
  expect(send).toHaveBeenCalledTimes(5);
});

test('what many turns ask for within a millisecond is sent together when it is over', () => {
  const pace = new Pace(send);
  askInTurns(pace, 20);
  expect(send).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1);
  expect(send).toHaveBeenCalledTimes(3);
});

test('once the many are sent it is at once again', () => {
  const pace = new Pace(send);
  askInTurns(pace, 20);
  vi.advanceTimersByTime(5);
  send.mockReset();
  pace.request();
  expect(send).toHaveBeenCalledOnce();
});

test('flushing sends what waits now, and not a second time', () => {
  const pace = new Pace(send);
  askInTurns(pace, 20);
  pace.flush();
  expect(send).toHaveBeenCalledTimes(3);
  vi.advanceTimersByTime(10);
  expect(send).toHaveBeenCalledTimes(3);
});

test('once stopped it sends nothing until it is asked again', () => {
  const pace = new Pace(send);
  askInTurns(pace, 20);
  pace.stop();
  vi.advanceTimersByTime(10);
  expect(send).toHaveBeenCalledTimes(2);
  pace.request();
  expect(send).toHaveBeenCalledTimes(3);
});
