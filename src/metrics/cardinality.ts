/** Labels whose values come from outside, and how many of them there may be: each is a series for as long as the worker runs. */

/** All tasks that nobody has registered; they never run. */
export const UNREGISTERED = 'unregistered';

const OTHER = 'other';
const MAX_EXCEPTIONS = 50;
const MAX_QUEUES = 50;
/** A class has no longer name; whatever does is text that somebody has thrown. */
const MAX_NAME = 100;

/** Lets so many different names through, whichever come first; all further ones are `other`. */
export type Cap = (name: string) => string;

function capOf(most: number): Cap {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= most || name.length > MAX_NAME) return OTHER;
    known.add(name);
    return name;
  };
}

/** Exceptions come from the code of tasks. */
export function capExceptions(): Cap {
  return capOf(MAX_EXCEPTIONS);
}

/** Queues are those that are consumed; remote control can add any. */
export function capQueues(): Cap {
  return capOf(MAX_QUEUES);
}
