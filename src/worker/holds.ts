/** Why a worker takes nothing more for now. It is not ready meanwhile. */

export interface Holds {
  /** The oldest reason; null when there is none. */
  readonly reason: string | null;
  /** Nothing more is taken until the function that it returns is called. */
  hold(reason: string): () => void;
  /** Calls the listener when the first reason comes, and when the last one is gone. */
  onChange(listener: () => void): void;
}

export function createHolds(): Holds {
  const held = new Set<{ readonly reason: string }>();
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    get reason() {
      const [oldest] = held;
      return oldest?.reason ?? null;
    },
    hold(reason) {
      const entry = { reason };
      held.add(entry);
      if (held.size === 1) tell();
      return () => {
        if (held.delete(entry) && held.size === 0) tell();
      };
    },
    onChange: (listener) => void listeners.push(listener),
  };
}
