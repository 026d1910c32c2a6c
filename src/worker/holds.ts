/** Why a worker takes nothing more for now. It is not ready meanwhile. */

export interface Holds {
  /** The oldest reason; null when there is none. */
  readonly reason: string | null;
  /** Nothing more is taken until the function that it returns is called. */
  hold(reason: string): () => void;
  /** A switch: nothing more is taken while it is on. It is off at first. */
  switchFor(reason: string): (isOn: boolean) => void;
  /** Calls the listener when the first reason comes, and when the last one is gone. */
  onChange(listener: () => void): void;
}

export function createHolds(): Holds {
  const held = new Set<{ readonly reason: string }>();
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  function hold(reason: string): () => void {
    const entry = { reason };
    held.add(entry);
    if (held.size === 1) tell();
    return () => {
      if (held.delete(entry) && held.size === 0) tell();
    };
  }

  return {
    get reason() {
      const [oldest] = held;
      return oldest?.reason ?? null;
    },
    hold,
    switchFor(reason) {
      let release: (() => void) | undefined;
      return (isOn) => {
        if (isOn) {
          release ??= hold(reason);
          return;
        }
        release?.();
        release = undefined;
      };
    },
    onChange: (listener) => void listeners.push(listener),
  };
}
