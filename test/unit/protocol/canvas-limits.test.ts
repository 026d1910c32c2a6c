import { describe, expect, it } from 'vitest';
import type { SignatureFields } from '../../../src/contract/signature.ts';
import { EncodeError, InvalidTaskError } from '../../../src/errors.ts';
import { applySignature } from '../../../src/protocol/canvas.ts';
import { encodeTask } from '../../../src/protocol/task-message.ts';
import { canvasBombs, chain, chord, group, many, sig } from '../../support/canvas-bombs.ts';
import { countingApplier } from '../../support/canvas-fixtures.ts';

const apply = (signature: SignatureFields) => applySignature(signature, countingApplier());

describe('a canvas that grows beyond measure', () => {
  it.each(canvasBombs())('is refused before it is sent: %s', { timeout: 10_000 }, (_, bomb) => {
    expect(JSON.stringify(bomb).length).toBeLessThan(12 * 2 ** 20);
    expect(() => apply(bomb)).toThrow(InvalidTaskError);
  });

  it('is not one that is only long or wide', () => {
    expect(apply(group(many(90_000, () => sig('t')))).calls).toHaveLength(90_000);
    expect(apply(chain(many(90_000, () => sig('t')))).calls).toHaveLength(1);
    expect(
      apply(
        chord(
          many(20_000, () => sig('t')),
          sig('body'),
        ),
      ).calls,
    ).toHaveLength(20_001);
  });

  it('is not one whose parts are linked and stamped as people do it', () => {
    const linked = many(1_000, (index) =>
      chain(
        many(5, () => sig('t')),
        { link_error: [sig(`errback ${index}`)], link: [sig('next')] },
      ),
    );
    const stamps = { stamped_headers: ['customer', 'order'], customer: 'c', order: 'o' };
    expect(apply(group(linked, stamps)).calls).toHaveLength(1_000);
    expect(apply(chain(many(300, () => group([sig('a'), sig('b')])))).calls).toHaveLength(3);
  });

  it('is refused when it holds itself', () => {
    const own = sig('t');
    Object.assign(own.options, { link: [own] });
    expect(() => apply(own).calls.map((call) => encodeTask(call))).toThrow(EncodeError);
    const within = group([sig('t'), sig('t')]);
    Object.assign(within.kwargs, { tasks: [within, within] });
    expect(() => apply(within)).toThrow(InvalidTaskError);
  });
});
