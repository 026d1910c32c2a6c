/** Tasks sent a second to a queue that nobody consumes: ours wait for the broker's confirms, Celery's do not. */
import { connect } from 'amqplib';
import { brokerUrl } from '../support/services.ts';
import { connectClient } from './contestants.ts';
import { runPeer } from './peers.ts';
import { type Comparison, compare, noSamples } from './statistics.ts';

const ROUNDS = Number(process.env.OMEGA_BENCH_ROUNDS ?? 5);
const QUEUE = 'bench-unconsumed';
const COUNT = 10_000;
/** How many wait for their confirm at a time. */
const IN_FLIGHT = 1_000;

export async function publishing(): Promise<Comparison[]> {
  const rates = noSamples();
  await publishOurs(COUNT);
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.omega.push(await publishOurs(COUNT));
    await purge();
    rates.peer.push(runPeer<number>('publish.py', [QUEUE, String(COUNT)]));
    await purge();
  }
  return [compare('publishing, ours with confirms', 'tasks/s', rates, '>= 2x')];
}

async function publishOurs(count: number): Promise<number> {
  const om = await connectClient('rpc');
  let left = count;
  await om.runtime.send('bench.empty', [], {}, { queue: QUEUE }).sent;
  const start = performance.now();
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await om.runtime.send('bench.empty', [], {}, { queue: QUEUE }).sent;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  const rate = count / ((performance.now() - start) / 1000);
  await om.close();
  return rate;
}

async function purge(): Promise<void> {
  const connection = await connect(brokerUrl());
  const channel = await connection.createChannel();
  await channel.purgeQueue(QUEUE);
  await connection.close();
}
