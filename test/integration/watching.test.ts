import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../src/omega.ts';
import { note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a client in another process hears of a result by message, also where the worker stores none', async () => {
  const [place, trace] = [usePlace(), useTrace()];
  const om = await useClient(place);
  const { mongoUrl, broker, queue: queues } = place;
  const other = await connect({ mongoUrl, broker, queues });
  onTestFinished(() => other.close());
  vi.stubEnv('OMEGA_RESULT_BACKEND', 'rpc://');
  await useWorker(place);
  const sent = om.runtime.task(note)({ path: trace.path, text: 'done', seconds: 2 });
  await sent.sent;
  const states: string[] = [];
  for await (const { state } of other.runtime.result(sent.id).updates({ timeout: 20_000 }))
    states.push(state);
  expect(states.at(-1)).toBe('SUCCESS');
  expect(await sent).toBe('done');
});
