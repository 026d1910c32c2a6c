/** Random choices that a seed repeats: one generator for each purpose, so that the purposes do not disturb each other. */
export interface Random {
  /** At least `from`, below `to`. */
  between(from: number, to: number): number;
  integer(from: number, to: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** By the weights, which need not add up to anything. */
  weighted<Item extends { readonly weight: number }>(items: readonly Item[]): Item;
}

export function createRandom(seed: number, purpose: string): Random {
  let state = [...purpose].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), seed);

  /** Mulberry32. */
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const between = (from: number, to: number): number => from + next() * (to - from);
  const integer = (from: number, to: number): number => Math.floor(between(from, to));

  function pick<Item>(items: readonly Item[]): Item {
    const item = items[integer(0, items.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  function weighted<Item extends { readonly weight: number }>(items: readonly Item[]): Item {
    let left = between(
      0,
      items.reduce((sum, { weight }) => sum + weight, 0),
    );
    const chosen = items.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    return chosen ?? pick(items);
  }

  return { between, integer, pick, weighted };
}
