import { describe, expect, it } from 'vitest';
import { mapChunks } from '../../../src/ml/chunks.ts';
import { createRandom } from '../../../src/ml/random.ts';
import { contextOf } from '../../support/ml-fixtures.ts';

function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

describe('chunks', () => {
  it('cover the whole once, with results in their order', async () => {
    const results = await mapChunks(contextOf(3), 10, 4, async ({ start, end }) => {
      if (start === 0) await later();
      return [start, end];
    });
    expect(results).toEqual([
      [0, 4],
      [4, 8],
      [8, 10],
    ]);
  });

  it('run as many at once as there are cores, also when their number changes', async () => {
    const threads = { ...contextOf().threads, cores: 1 };
    const running: number[] = [];
    let now = 0;
    await mapChunks({ threads }, 6, 1, async ({ start }) => {
      now += 1;
      running.push(now);
      await later();
      if (start === 1) threads.cores = 2;
      now -= 1;
    });
    expect(running).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('fail with the first error, once those under way have ended', async () => {
    const ended: number[] = [];
    const run = mapChunks(contextOf(2), 4, 1, async ({ start }) => {
      if (start === 0) throw new Error('broken');
      await later();
      ended.push(start);
    });
    await expect(run).rejects.toThrow('broken');
    expect(ended).toEqual([1]);
  });
});

describe('random numbers', () => {
  it('are the same for the same seed and stream, and others for others', () => {
    const draw = (seed: number, stream: number) => {
      const random = createRandom(seed, stream);
      return Array.from({ length: 5 }, () => random.below(1000));
    };
    expect(draw(42, 1)).toEqual(draw(42, 1));
    expect(new Set([draw(42, 1), draw(42, 2), draw(43, 1), draw(-1, 1)].map(String)).size).toBe(4);
  });

  it('fall evenly below their bound', () => {
    const random = createRandom(7, 0);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i += 1) {
      const drawn = random.below(3);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});
