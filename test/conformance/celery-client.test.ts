import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pythonPath } from '../support/python.ts';
import { usePlace, useWorker } from '../support/worker.ts';

const script = fileURLToPath(new URL('../python/celery_ping.py', import.meta.url));

it.each(['rpc', 'mongodb'])('a Celery 5.7 client gets the result of omega_ping on %s://', async (backend) => {
  const place = usePlace();
  const worker = await useWorker(place);
  const url = backend === 'rpc' ? 'rpc://' : place.mongoUrl;
  const { stdout } = await promisify(execFile)(await pythonPath(), [script, place.broker, url, place.queue]);
  const pong = JSON.parse(stdout);
  expect(pong.state).toBe('SUCCESS');
  expect(pong.result).toMatchObject({ message: 'ping return message', args: [1, 'two'], kwargs: { x: 3 } });
  expect(worker.process.exitCode).toBeNull();
});
