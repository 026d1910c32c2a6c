/** Draws faults at random, one after the other, and watches the cluster recover from each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Injected, Stage } from './faults/fault.ts';
import { type Injection, recoverySeconds } from './oracle/injections.ts';
import { type Finding, wrong } from './oracle/verdict.ts';
import { idleWorkers, untilAllReady } from './recovery.ts';
import type { Stream } from './workload/stream.ts';

const RECOVERY_PATIENCE_MS = 60_000;
/** Seconds between a recovery and the next fault. */
const PAUSE: readonly [number, number] = [1, 6];
/** Sent just before a fault, so that it meets something; and milliseconds until it does. */
const BURST = 30;
const BURST_MS: readonly [number, number] = [50, 800];
/** A worker that is healthy may be slow to answer, on a machine that is busy. */
const SAYS_SO_WITHIN_MS = 3_000;

export interface InjectOptions {
  readonly minutes: number;
  readonly faults: readonly Fault[];
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface InjectionLog {
  readonly injections: readonly Injection[];
  readonly findings: readonly Finding[];
}

export async function injectFaults(
  stage: Stage,
  stream: Stream,
  options: InjectOptions,
): Promise<InjectionLog> {
  const { minutes, faults, signal, progress } = options;
  const until = Date.now() + minutes * 60_000;
  const injections: Injection[] = [];
  const findings: Finding[] = [];
  while (!signal.aborted) {
    const pause = stage.random.between(...PAUSE) * 1000;
    if (Date.now() + pause > until) break;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const fault = stage.random.pick(faults);
    stream.burst(BURST);
    await sleep(stage.random.between(...BURST_MS));
    const injection: Injection = {
      ...{
        fault: fault.name,
        title: fault.title,
        injectedAt: Date.now(),
        inFlight: stage.journal.inFlight(),
      },
      ...{ losses: 0, healedAt: null, recoveredAt: null },
    };
    injections.push(injection);
    const injected = await fault.inject(stage);
    const found = await passThrough(stage, fault, injection, injected);
    findings.push(...found);
    progress(describe(injection, injected, found));
  }
  return { injections, findings };
}

/** From the injection to the recovery. */
async function passThrough(
  stage: Stage,
  fault: Fault,
  injection: Injection,
  { losses = 0, unready = [], ready = [], heal }: Injected,
): Promise<readonly Finding[]> {
  const { workers, random, om } = stage;
  injection.losses = losses;
  await sleep(random.between(...fault.lasts) * 1000);
  const silent = await Promise.all([
    ...unready.map(async (worker) => ((await worker.isReady()) ? `${worker.name} is ready` : null)),
    ...ready.map(async (worker) =>
      (await untilAllReady([worker], SAYS_SO_WITHIN_MS)) === null ? `${worker.name} is not ready` : null,
    ),
  ]);
  await heal?.();
  injection.healedAt = Date.now();
  injection.recoveredAt = await untilAllReady(workers.all, RECOVERY_PATIENCE_MS);
  const idle = injection.recoveredAt === null ? [] : await idleWorkers(workers.all, om);
  const texts = [
    ...silent.flatMap((text) => (text === null ? [] : [`${text} while it lasts`])),
    ...lateRecovery(fault, injection),
    ...idle.map((name) => `${name} is ready and does not work`),
  ];
  return texts.map((text) => wrong('I10', `${fault.name}, ${fault.title}: ${text}`));
}

function lateRecovery({ recoversWithin }: Fault, injection: Injection): readonly string[] {
  const seconds = recoverySeconds(injection);
  if (seconds === null) return [`not recovered after ${RECOVERY_PATIENCE_MS / 1000} s`];
  return seconds > recoversWithin ? [`recovered after ${seconds.toFixed(1)} s, not ${recoversWithin}`] : [];
}

function describe(injection: Injection, { what }: Injected, findings: readonly Finding[]): string {
  const { fault, inFlight, injectedAt, healedAt } = injection;
  const lasted = (((healedAt ?? injectedAt) - injectedAt) / 1000).toFixed(1);
  const seconds = recoverySeconds(injection)?.toFixed(1) ?? 'never';
  const broken = findings.map(({ text }) => `\n  BROKEN ${text}`).join('');
  return `${fault} ${what}: ${inFlight} under way, lasted ${lasted} s, recovered in ${seconds} s${broken}`;
}
