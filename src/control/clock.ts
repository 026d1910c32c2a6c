/** The Lamport clock of a node: orders events of machines whose clocks differ (kombu/clocks.py). */

/** What comes from outside may not carry the clock to where it cannot count on. */
const MAX_CLOCK = 2 ** 48;

export interface Clock {
  readonly value: number;
  /** One step on, for something that is sent. @returns the new value. */
  forward(): number;
  /** Past what another node has said; anything that is no clock is ignored. */
  adjust(other: unknown): void;
}

export function createClock(): Clock {
  let value = 0;
  return {
    get value() {
      return value;
    },
    forward() {
      value += 1;
      return value;
    },
    adjust(other) {
      const isClock = typeof other === 'number' && Number.isSafeInteger(other);
      if (isClock && other >= 0 && other < MAX_CLOCK) value = Math.max(value, other) + 1;
    },
  };
}
