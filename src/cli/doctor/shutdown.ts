/** What the doctor finds about the end of a worker: whether what runs has the time to end. */
import type { Settings } from '../../config.ts';
import { type Finding, reporter } from './finding.ts';

/** Seconds between the end of a soft shutdown and the kill: what runs is ended, and goes back to its queue. */
const TO_GIVE_BACK_S = 15;
const REMEDY = `set REMAP_SIGTERM=SIGQUIT and OMEGA_SOFT_SHUTDOWN_TIMEOUT to the grace period less ${TO_GIVE_BACK_S} s`;

type ShutdownSettings = Pick<Settings, 'timeLimit' | 'softShutdownTimeout'>;

const { ok, warning, failure } = reporter('machine');

/**
 * @param remap - REMAP_SIGTERM.
 * @param grace - seconds from SIGTERM to SIGKILL (terminationGracePeriodSeconds), where the user knows them.
 */
export function judgeShutdown(
  settings: ShutdownSettings,
  remap: string | undefined,
  grace: number | null,
): readonly Finding[] {
  return remap === 'SIGQUIT' ? softShutdown(settings, grace) : warmShutdown(settings, grace);
}

function softShutdown({ timeLimit, softShutdownTimeout: soft }: ShutdownSettings, grace: number | null) {
  const findings: Finding[] = [];
  if (grace !== null && grace < soft + TO_GIVE_BACK_S) {
    findings.push(
      failure(
        `a stop waits ${soft} s for what runs (OMEGA_SOFT_SHUTDOWN_TIMEOUT), and the worker is killed after ${grace} s: too soon to give back what it has`,
        `set OMEGA_SOFT_SHUTDOWN_TIMEOUT to at most ${Math.max(0, grace - TO_GIVE_BACK_S)}, or raise the grace period to ${soft + TO_GIVE_BACK_S} s`,
      ),
    );
  }
  if (timeLimit !== undefined && timeLimit > soft) {
    findings.push(
      warning(
        `tasks may run for ${timeLimit} s (OMEGA_WORKER_TIME_LIMIT), and a stop waits ${soft} s (OMEGA_SOFT_SHUTDOWN_TIMEOUT): longer ones begin anew at each rollout`,
        'raise OMEGA_SOFT_SHUTDOWN_TIMEOUT with the grace period, or lower the time limit',
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(`SIGTERM gives what runs ${soft} s; the rest goes back`)];
}

function warmShutdown({ timeLimit }: ShutdownSettings, grace: number | null): readonly Finding[] {
  const text = 'SIGTERM waits for what runs, however long that takes';
  if (grace === null || (timeLimit !== undefined && timeLimit + TO_GIVE_BACK_S <= grace)) return [ok(text)];
  const longest =
    timeLimit === undefined
      ? 'tasks have no time limit'
      : `tasks may run for ${timeLimit} s (OMEGA_WORKER_TIME_LIMIT)`;
  return [warning(`${text}: ${longest}, and the worker is killed after ${grace} s`, REMEDY)];
}
