/** A network of two machines on one: a namespace of its own with a cable to it, which only root may lay. */
import { execFileSync, spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

export interface TestNetwork {
  /** Addresses of this side, and of the one in the namespace. */
  readonly here: string;
  readonly there: string;
  /** Runs a command in the namespace. */
  readonly launcher: readonly string[];
  /** From now on every packet is dropped, in both directions, and neither side is told. */
  drop(): void;
  /** Packets arrive again. */
  pass(): void;
}

/** Whether such a network can be made here. */
export function canMakeNetworks(): boolean {
  const name = `omega${process.pid}`;
  return ['add', 'del'].every((action) => spawnSync('ip', ['netns', action, name]).status === 0);
}

/** Removed after the test, before what was started earlier in it. */
export function useNetwork(): TestNetwork {
  // Names of interfaces have at most 15 letters.
  const name = `omega${process.pid % 100_000}`;
  const [near, far] = [`${name}h`, `${name}n`];
  // 198.18.0.0/15 is for tests of networks (RFC 2544): no address of a real one.
  const subnet = `198.18.${process.pid % 256}`;
  const [here, there] = [`${subnet}.1`, `${subnet}.2`];
  const ip = (...args: readonly string[]) =>
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

  ip('netns', 'add', name);
  onTestFinished(() => void ip('netns', 'del', name));
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
  ip('addr', 'add', `${here}/24`, 'dev', near);
  ip('link', 'set', near, 'up');
  ip('-n', name, 'addr', 'add', `${there}/24`, 'dev', far);
  ip('-n', name, 'link', 'set', far, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return {
    ...{ here, there, launcher: ['ip', 'netns', 'exec', name] },
    drop: () => void ip('link', 'set', near, 'down'),
    pass: () => void ip('link', 'set', near, 'up'),
  };
}
