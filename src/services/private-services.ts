/** The private servers: started when needed, shared by the processes that use them, stopped after the last. */
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { type MongodRecord, startMongod, stopMongod, waitForMongod } from './mongod.ts';
import type { ServiceOptions } from './options.ts';
import { isRunning, type ProcessRecord, recordProcess } from './process-record.ts';
import { type RabbitmqRecord, startRabbitmq, stopRabbitmq, waitForRabbitmq } from './rabbitmq.ts';
import { readState, type ServicesState, writeState } from './state.ts';

/** Starts the private mongod unless it runs, and counts this process among the users. */
export async function usePrivateMongod(options: ServiceOptions): Promise<MongodRecord> {
  return await changeState(options, async (state) => {
    countAsUser(state);
    const mongod = isUp(state.mongod) ? state.mongod : await startMongod(state.mongod, options);
    state.mongod = mongod;
    // Written before it is ready: whoever comes after a kill must find it.
    writeState(options.folder, state);
    await waitForMongod(mongod, options);
    return mongod;
  });
}

/** Starts the private RabbitMQ unless it runs, and counts this process among the users. */
export async function usePrivateRabbitmq(options: ServiceOptions): Promise<RabbitmqRecord> {
  return await changeState(options, async (state) => {
    countAsUser(state);
    const rabbitmq = isUp(state.rabbitmq) ? state.rabbitmq : await startRabbitmq(state.rabbitmq, options);
    state.rabbitmq = rabbitmq;
    writeState(options.folder, state);
    await waitForRabbitmq(rabbitmq, options);
    return rabbitmq;
  });
}

/** Counts this process among the users of the servers that run, which stay while it uses them. Starts none. */
export async function joinPrivateServices(options: ServiceOptions): Promise<void> {
  await changeState(options, async (state) => countAsUser(state));
}

/** Ends this process's use: servers that nobody else uses, and that are not kept, are stopped. */
export async function leavePrivateServices(options: ServiceOptions): Promise<void> {
  await changeState(options, async (state) => {
    state.users = otherUsers(state);
    if (state.users.length === 0 && !state.isKept) await stopBoth(state);
  });
}

/** Lets the servers run on when nobody uses them, until {@link stopPrivateServices}. */
export async function keepPrivateServices(options: ServiceOptions): Promise<void> {
  await changeState(options, async (state) => {
    state.isKept = true;
  });
}

/** Stops them, whoever uses them. */
export async function stopPrivateServices(options: ServiceOptions): Promise<void> {
  await changeState(options, async (state) => {
    state.users = [];
    state.isKept = false;
    await stopBoth(state);
  });
}

async function changeState<Result>(
  options: ServiceOptions,
  change: (state: ServicesState) => Promise<Result>,
): Promise<Result> {
  return await withLock(join(options.folder, 'services.lock'), async () => {
    const state = readState(options.folder);
    try {
      return await change(state);
    } finally {
      writeState(options.folder, state);
    }
  });
}

function countAsUser(state: ServicesState): void {
  const self = recordProcess(process.pid);
  state.users = self ? [...otherUsers(state), self] : otherUsers(state);
}

function otherUsers(state: ServicesState): ProcessRecord[] {
  return state.users.filter((user) => user.pid !== process.pid && isRunning(user));
}

function isUp<Server extends { readonly process: ProcessRecord }>(
  server: Server | undefined,
): server is Server {
  return server !== undefined && isRunning(server.process);
}

async function stopBoth({ mongod, rabbitmq }: ServicesState): Promise<void> {
  await Promise.all([mongod && stopMongod(mongod), rabbitmq && stopRabbitmq(rabbitmq)]);
}
