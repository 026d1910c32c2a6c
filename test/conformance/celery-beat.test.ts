import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { pythonPath } from '../support/python.ts';
import { usePlace, useTrace, useWorker } from '../support/worker.ts';

it("runs what Celery's beat sends, at its times", async () => {
  const place = usePlace();
  const trace = useTrace();
  await useWorker(place);
  startBeat({ OMEGA_BROKER: place.broker, QUEUE: place.queue, TRACE: trace.path }, `${trace.path}.beat`);
  await vi.waitFor(() => expect(trace.lines().length).toBeGreaterThanOrEqual(3), { timeout: 20_000 });
  expect(new Set(trace.lines())).toEqual(new Set(['beat']));
});

function startBeat(settings: Readonly<Record<string, string>>, schedule: string): void {
  const beat = spawn(pythonPath(), ['-m', 'celery', '-A', 'beat_app', 'beat', '-s', schedule, '--pidfile='], {
    cwd: 'test/python',
    env: { ...process.env, ...settings, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const ended = once(beat, 'exit');
    beat.kill('SIGTERM');
    await ended;
  });
}
