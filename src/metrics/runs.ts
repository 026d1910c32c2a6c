/** Runs: in which phases their time went, what they gave, and which took too long. */
import { PHASES, type Phase } from '../contract/measures.ts';
import type { Instruments } from './instruments.ts';

const TIMEOUTS = ['soft', 'hard'] as const;

/** `task` is the name of a registered task. */
export interface RunMetrics {
  phase(phase: Phase, seconds: number): void;
  resultSize(bytes: number, task: string): void;
  timedOut(task: string, kind: (typeof TIMEOUTS)[number]): void;
  expectRuns(tasks: Iterable<string>): void;
}

const PHASE_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
];
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

export function createRunMetrics({ counter, histogram }: Instruments): RunMetrics {
  const phases = histogram(
    'omega_task_phase_duration_seconds',
    'Where the time of runs goes: loading, computing, storing the result, sending what comes next',
    PHASE_BUCKETS,
    'phase',
  );
  const sizes = histogram('omega_task_result_size_bytes', 'Size of results, as JSON', SIZE_BUCKETS, 'task');
  const timeouts = counter(
    'omega_task_timeouts_total',
    'Tasks that ran past their soft or hard time limit',
    'task',
    'kind',
  );
  for (const phase of PHASES) phases.zero({ phase });

  return {
    phase: (phase, seconds) => phases.observe({ phase }, seconds),
    resultSize: (bytes, task) => sizes.observe({ task }, bytes),
    timedOut: (task, kind) => timeouts.inc({ task, kind }),
    expectRuns(tasks) {
      for (const task of tasks) for (const kind of TIMEOUTS) timeouts.inc({ task, kind }, 0);
    },
  };
}
