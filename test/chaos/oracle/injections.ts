/** What was done to the cluster, and how it took it. */
export interface Injection {
  /** F1, F2, … */
  readonly fault: string;
  readonly title: string;
  readonly injectedAt: number;
  /** Tasks that were under way then. */
  readonly inFlight: number;
  /** Connections and processes that were lost: so often a task may run once more. */
  losses: number;
  healedAt: number | null;
  /** When every worker was ready again, and worked. */
  recoveredAt: number | null;
}

/** Seconds from the healing until every worker worked again. */
export function recoverySeconds({ healedAt, recoveredAt }: Injection): number | null {
  return healedAt === null || recoveredAt === null ? null : Math.max(0, recoveredAt - healedAt) / 1000;
}
