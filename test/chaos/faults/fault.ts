/** What is done to the cluster. */
import type { Transport } from '../../../src/contract/transport.ts';
import type { Omega } from '../../../src/index.ts';
import type { ChaosBroker } from '../cluster/broker.ts';
import type { ReplicaSet } from '../cluster/replica-set.ts';
import type { ChaosWorker, Workers } from '../cluster/workers.ts';
import type { Journal } from '../oracle/journal.ts';
import type { Random } from '../random.ts';

/** What a fault may touch. */
export interface Stage {
  readonly broker: ChaosBroker;
  readonly mongo: ReplicaSet;
  readonly workers: Workers;
  readonly random: Random;
  /** The queue that all workers consume. */
  readonly queue: string;
  /** For tasks that are faults themselves. */
  readonly om: Omega;
  readonly journal: Journal;
  /** For messages that no client of ours would send. */
  readonly transport: Transport;
}

/** A fault that was injected. */
export interface Injected {
  /** What exactly was done, for the log. */
  readonly what: string;
  /** Connections and processes that it costs: so often a task may run once more. Default 0. */
  readonly losses?: number;
  /** Workers that cannot consume, and must say so, before it is healed. */
  readonly unready?: readonly ChaosWorker[];
  /** Workers that go on, and must say so. */
  readonly ready?: readonly ChaosWorker[];
  /** Default: it heals by itself, at once. */
  heal?(): Promise<void>;
}

export interface Fault {
  /** Its number in the catalogue of faults: F1, F2, … Several may share one. */
  readonly name: string;
  readonly title: string;
  /** Seconds for which it lasts, at least and at most. */
  readonly lasts: readonly [from: number, to: number];
  /** Seconds after its healing within which every worker consumes again. */
  readonly recoversWithin: number;
  inject(stage: Stage): Promise<Injected>;
}

/** Everything that workers and the broker say to each other takes so long. */
export function delayAll({ all }: Workers, milliseconds: number): void {
  for (const { proxy } of all) proxy.delay(milliseconds);
}

/** A worker that is connected again consumes within five seconds; two more, since the machine is busy. */
export const RECONNECTS = 7;
/** One that is started again also has to load. */
export const RESTARTS = 20;
/** An election, and what the drivers need to hear of it. */
export const ELECTS = 25;
/** Nothing is taken from the workers. */
export const AT_ONCE: readonly [number, number] = [0, 0];
