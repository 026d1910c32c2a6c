/** Labels whose values come from outside, and how many of them there may be: each is a series for as long as the worker runs. */

/** All tasks that nobody has registered; they never run. */
export const UNREGISTERED = 'unregistered';

const OTHER = 'other';
/** Beside those that the worker was started for: remote control can add any. */
const MAX_QUEUES = 20;
/** They come from the code of tasks. */
const MAX_EXCEPTIONS = 50;
/** No class has a longer name: whatever does is text that somebody has thrown. */
const MAX_EXCEPTION_NAME = 100;

/** What a name counts as: itself, as long as there are few; all further ones are `other`. */
export interface Cap {
  of(name: string): string;
  /** Names that count as themselves, however many they are. */
  expect(names: readonly string[]): void;
}

export function capQueues(): Cap {
  return capOf(MAX_QUEUES);
}

export function capExceptions(): Cap {
  const cap = capOf(MAX_EXCEPTIONS);
  return { ...cap, of: (name) => (name.length > MAX_EXCEPTION_NAME ? OTHER : cap.of(name)) };
}

function capOf(most: number): Cap {
  const expected = new Set<string>();
  const others = new Set<string>();
  return {
    of(name) {
      if (expected.has(name) || others.has(name)) return name;
      if (others.size >= most) return OTHER;
      others.add(name);
      return name;
    },
    expect(names) {
      for (const name of names) expected.add(name);
    },
  };
}
