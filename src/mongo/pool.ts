/** The connections of a client, as its driver tells of them (CMAP events). */
import type { MongoClient } from 'mongodb';

export interface PoolState {
  /** Open, or being opened, and used by nobody. */
  readonly available: number;
  /** In use by an operation. */
  readonly checkedOut: number;
  /** Operations that wait for one. */
  readonly pending: number;
}

/** Counts from now on. @returns what gives the numbers of the moment. */
export function watchPool(client: MongoClient): () => PoolState {
  const counts = { open: 0, checkedOut: 0, pending: 0 };
  const count = (name: keyof typeof counts, step: 1 | -1) => () => {
    counts[name] += step;
  };
  client.on('connectionCreated', count('open', 1));
  client.on('connectionClosed', count('open', -1));
  client.on('connectionCheckOutStarted', count('pending', 1));
  client.on('connectionCheckOutFailed', count('pending', -1));
  client.on('connectionCheckedOut', count('pending', -1));
  client.on('connectionCheckedOut', count('checkedOut', 1));
  client.on('connectionCheckedIn', count('checkedOut', -1));

  return () => {
    const { open, checkedOut, pending } = counts;
    return { available: Math.max(0, open - checkedOut), checkedOut, pending };
  };
}
