/** What is known of the private servers from one command to the next. */
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import type { MongodRecord } from './mongod.ts';
import type { ProcessRecord } from './process-record.ts';
import type { RabbitmqRecord } from './rabbitmq.ts';

/** A server that no longer runs stays written down: the next one takes its ports. */
export interface ServicesState {
  mongod?: MongodRecord;
  rabbitmq?: RabbitmqRecord;
  /** Processes that use the servers now. */
  users: readonly ProcessRecord[];
  /** Whether the servers stay when nobody uses them: `omega services start`. */
  isKept: boolean;
}

/** An unreadable file counts as none. */
export function readState(folder: string): ServicesState {
  return readJsonFile<ServicesState>(stateFile(folder)) ?? { users: [], isKept: false };
}

export function writeState(folder: string, state: ServicesState): void {
  writeJsonFile(stateFile(folder), state);
}

function stateFile(folder: string): string {
  return join(folder, 'services.json');
}
