/**
 * All faults that can be drawn. Those that need a state of the machine (full disks, another clock, upgrades), and those
 * that are no matter of chance (shutdown by two signals, messages that are too large), have tests of their own.
 */
import { brokerFaults } from './broker-faults.ts';
import type { Fault } from './fault.ts';
import { mongoFaults } from './mongo-faults.ts';
import { taskFaults } from './task-faults.ts';
import { workerFaults } from './worker-faults.ts';

export const catalogue: readonly Fault[] = [...brokerFaults, ...workerFaults, ...mongoFaults, ...taskFaults];

/** Over within some seconds: for a run of two minutes. */
export const QUICK = 'quick';
const LONGEST_QUICK_S = 6;

/** The faults of these numbers, or the quick ones; all by default. @throws RangeError for a number that none has. */
export function faultsOf(names: readonly string[]): readonly Fault[] {
  if (names.length === 0) return catalogue;
  const unknown = names.find((name) => name !== QUICK && !catalogue.some((fault) => fault.name === name));
  if (unknown !== undefined) {
    const known = [...new Set(catalogue.map(({ name }) => name))].join(', ');
    throw new RangeError(`there is no fault '${unknown}': name some of ${known}, or ${QUICK}`);
  }
  return catalogue.filter(
    ({ name, lasts: [, most] }) => names.includes(name) || (names.includes(QUICK) && most <= LONGEST_QUICK_S),
  );
}
