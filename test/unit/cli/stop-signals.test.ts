import { describe, expect, it } from 'vitest';
import { nextStep, type ShutdownStep } from '../../../src/cli/stop-signals.ts';

type Signals = Parameters<typeof nextStep>[1][];

const steps = (...signals: Signals): ShutdownStep[] => {
  let current: ShutdownStep | null = null;
  return signals.map((signal) => {
    current = nextStep(current, signal);
    return current;
  });
};

describe('a worker is told to end', () => {
  it.each<{ signals: Signals; expected: ShutdownStep[] }>([
    { signals: ['SIGTERM', 'SIGTERM', 'SIGTERM'], expected: ['warm', 'warm', 'warm'] },
    { signals: ['SIGINT', 'SIGINT', 'SIGINT', 'SIGINT'], expected: ['warm', 'soft', 'cold', 'hard'] },
    { signals: ['SIGQUIT', 'SIGQUIT', 'SIGQUIT'], expected: ['soft', 'cold', 'hard'] },
    { signals: ['SIGTERM', 'SIGQUIT', 'SIGTERM', 'SIGINT'], expected: ['warm', 'soft', 'soft', 'cold'] },
  ])('$signals: $expected', ({ signals, expected }) => {
    expect(steps(...signals)).toEqual(expected);
  });
});
