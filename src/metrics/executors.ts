/** Executors: what they do, and why they ended. */
import type { Instruments } from './instruments.ts';

/** `spent`: it had run enough, or grown too large, and was replaced. */
const ENDS = ['crash', 'memory', 'time-limit', 'terminated', 'spent'] as const;

export interface ExecutorMetrics {
  executorEnded(reason: (typeof ENDS)[number]): void;
}

export interface ExecutorReadings {
  readonly busy: number;
  readonly idle: number;
  readonly booting: number;
  /** Tasks that wait for one. */
  readonly waiting: number;
  readonly slots: number;
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

export function addExecutorGauges({ gauge, gauges }: Instruments, read: () => ExecutorReadings): void {
  gauges('omega_executors', 'Executor processes by what they do', 'state', () => {
    const { busy, idle, booting } = read();
    return [
      ['busy', busy],
      ['idle', idle],
      ['booting', booting],
    ];
  });
  gauge('omega_executor_waiting_tasks', 'Tasks that wait for an executor', () => read().waiting);
  gauge('omega_executor_utilization_ratio', 'Busy executors by slots', () => {
    const { busy, slots } = read();
    return busy / slots;
  });
}
