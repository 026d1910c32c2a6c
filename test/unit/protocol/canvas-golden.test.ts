import { describe, expect, test } from 'vitest';
import { applySignature } from '../../../src/protocol/canvas.ts';
import { countingApplier, masked, recordedCanvases, recordedForm } from '../../support/canvas-fixtures.ts';

const { applied, continued } = recordedCanvases();

describe('what a client of Celery sends, field for field', () => {
  test.each(Object.entries(applied))('%s', (_, { signature, messages, result }) => {
    const ours = applySignature(signature, countingApplier());
    const sent = { messages: ours.calls.map(recordedForm), result: ours.result };
    expect(masked(sent)).toEqual(masked({ messages, result }));
  });
});

describe('what comes next in a chain, with the result before it and the rest of the chain', () => {
  test.each(Object.entries(continued))('%s', (_, { signature, messages, args = [], options = {} }) => {
    const ours = applySignature(signature, countingApplier(), { args, options });
    expect(masked(ours.calls.map(recordedForm))).toEqual(masked(messages));
  });
});
