import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { chord } from '../../src/contract/canvas.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { pythonPath } from '../support/python.ts';
import { redisUrl } from '../support/redis.ts';
import { useCeleryWorker } from '../support/results-app.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const CLIENT = fileURLToPath(new URL('../python/canvas_client.py', import.meta.url));
const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));

const BOOM = ['ValueError', 'boom'];

/** What Celery's own worker gives for the same. */
const OUTCOMES = {
  chain: 7,
  'chain of immutables': 4,
  'chain that ends in a group': [4, 5],
  group: [2, 4, 6],
  'group of chains': [3, 6],
  chord: 6,
  'chord of many': 380,
  'chord of one': 2,
  'chord with an empty header': 0,
  'chord of chains': 11,
  'chord of long chains': 202,
  'chord whose body is a chain': 16,
  'chord whose body is a group': [6, 6],
  'chord in the header of a chord': 24,
  'chord in a chain': 9,
  'chord in a chain, and more': 20,
  'two chords in a chain': 21,
  'chain with a chord in the header of a chord': 27,
  'group, group': [6, 6],
  link: 2,
  map: [3, 3],
  starmap: [3, 7],
  chunks: [[2, 4], [6]],
  'stamped chain': { trace: 'abc' },
  'replaced by a task': 7,
  'replaced by a chain': 8,
  'replaced by a group': [7, 11],
  'replaced in a chain': 17,
  'replaced in a chord': 10,
  'replaced by a chord in a chord': 8,
  'errors: chain': BOOM,
  'errors: chord header': BOOM,
  'errors: chord header in a chain': BOOM,
  'errors: chain in a chord header': BOOM,
  'errors: chord body': BOOM,
  'errors: unknown task in a chain': ['NotRegistered', expect.stringContaining('canvas.nosuch')],
  'errors: link_error': BOOM,
  'errors: link_error of a chord': BOOM,
  'mixed: chain': 11,
  'mixed: chord, body there': 12,
  'mixed: chord, body here': 12,
  'mixed: chord in a chain': 14,
};

const BACKENDS = ['mongodb', 'redis'] as const;

it.each(BACKENDS)(
  "runs every canvas of Celery's client as Celery does, also with a Celery worker for a part of it, on %s://",
  {
    timeout: 120_000,
  },
  async (backend) => {
    const place = usePlace();
    const trace = useTrace();
    const other = `${place.queue}-other`;
    const url = useBackend(backend, place);
    await Promise.all([
      useWorker(place, [TASKS]),
      useCeleryWorker(place, url, { app: 'canvas_worker', queue: other }),
    ]);
    const args = [CLIENT, place.broker, url, place.queue, other, trace.path];
    const { stdout } = await promisify(execFile)(pythonPath(), args);
    const { outcomes, ids, bodies } = JSON.parse(stdout);
    expect(outcomes).toEqual(OUTCOMES);
    const error = ['ChordError', expect.stringMatching(/^Dependency [\w-]+ raised ValueError\('boom'\)$/)];
    expect(Object.values(bodies)).toEqual([error, error, error]);
    // A callback takes the result, an errback the id of the task that failed.
    const notes = [2, ids['errors: link_error'], ids['errors: link_error of a chord']];
    await expect
      .poll(() =>
        trace
          .lines()
          .map((line) => JSON.parse(line))
          .sort(),
      )
      .toEqual(notes.sort());
  },
);

it.each(BACKENDS)(
  'a chord of our client joins also when Celery ran a part of it, or its end, on %s://',
  {
    timeout: 90_000,
  },
  async (backend) => {
    const place = usePlace();
    const other = `${place.queue}-other`;
    const url = useBackend(backend, place);
    const [om] = await Promise.all([
      useClient(place),
      useWorker(place, [TASKS]),
      useCeleryWorker(place, url, { app: 'canvas_worker', queue: other }),
    ]);
    const add = (x: number, queue?: string) => signature('canvas.add', [x, x], {}, queue ? { queue } : {});
    const header = [add(1), add(2, other), add(3)];
    const ends = [undefined, other].map((queue) => signature('canvas.tsum', [], {}, queue ? { queue } : {}));
    const joined = ends.map((body) => om.runtime.apply(chord(header, body as never)));
    expect(await Promise.all(joined)).toEqual([12, 12]);
  },
);

/** Sets where our worker and client have their results, by their URL for Celery's. */
function useBackend(backend: (typeof BACKENDS)[number], place: Place): string {
  if (backend === 'mongodb') return place.mongoUrl;
  vi.stubEnv('OMEGA_RESULT_BACKEND', redisUrl());
  onTestFinished(() => void vi.unstubAllEnvs());
  return redisUrl();
}
