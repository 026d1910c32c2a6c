/** What the signals that end a worker ask for, as Celery's users know it (celery/apps/worker.py). */

/** From gentle to stern. `hard`: the process ends at once, whatever is left. */
export type ShutdownStep = 'warm' | 'soft' | 'cold' | 'hard';

type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT';

const STERNER = { warm: 'soft', soft: 'cold', cold: 'hard', hard: 'hard' } as const;

/**
 * The next step: SIGTERM is the warm shutdown, however often it comes; SIGQUIT begins with the soft one; SIGINT, which is
 * Ctrl-C, with the warm one. Each further SIGINT or SIGQUIT is sterner.
 *
 * @param current - what was asked for before.
 */
export function nextStep(current: ShutdownStep | null, signal: StopSignal): ShutdownStep {
  if (signal === 'SIGTERM') return current ?? 'warm';
  if (current !== null) return STERNER[current];
  return signal === 'SIGINT' ? 'warm' : 'soft';
}

/**
 * Calls the listener with each new step.
 *
 * @param remap - `SIGQUIT` where SIGTERM shall mean that (Celery's environment variable REMAP_SIGTERM).
 * @returns what ends the listening.
 */
export function onStopSignals(remap: string | undefined, listener: (step: ShutdownStep) => void): () => void {
  let current: ShutdownStep | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    const isRemapped = signal === 'SIGTERM' && remap === 'SIGQUIT';
    const step = nextStep(current, isRemapped ? 'SIGQUIT' : (signal as StopSignal));
    if (step === current) return;
    current = step;
    listener(step);
  };
  const names: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT'];
  for (const name of names) process.on(name, onSignal);
  return () => {
    for (const name of names) process.off(name, onSignal);
  };
}
