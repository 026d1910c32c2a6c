/** Executors: why they ended. */
import type { Instruments } from './instruments.ts';

const ENDS = ['crash', 'memory', 'time-limit', 'terminated'] as const;

export interface ExecutorMetrics {
  executorEnded(reason: (typeof ENDS)[number]): void;
}

export function createExecutorMetrics({ counter }: Instruments): ExecutorMetrics {
  const restarts = counter(
    'omega_executor_restarts_total',
    'Executors that were ended or died, by reason',
    'reason',
  );
  for (const reason of ENDS) restarts.inc({ reason }, 0);

  return { executorEnded: (reason) => restarts.inc({ reason }) };
}
