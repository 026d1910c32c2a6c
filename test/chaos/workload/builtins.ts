/** The built-in tasks: fit, predict, score, notebooks. What they leave in the stores is looked at, too. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RandomForestRegression } from 'ml-random-forest';
import { MultivariateLinearRegression } from 'ml-regression';
import type { Omega, TaskHandle } from '../../../src/index.ts';
import type { Expectation, Stored } from '../oracle/journal.ts';
import type { Kind, Unit } from './unit.ts';

const ROWS = 40;
/** Models that are fitted all the time, by several tasks at once. */
const FITTED = ['slope-1', 'slope-2', 'forest-1', 'forest-2'] as const;
/** Models that stay as they are. */
const SERVED = ['served-slope', 'served-forest'] as const;
/** A graph that is computed without end. */
const ENDLESS = 'endless.onnx';
/** Seen from the compiled file. */
const ENDLESS_FILE = new URL(`../../../../test/fixtures/onnx/${ENDLESS}`, import.meta.url);
const CLIENT_PATIENCE_MS = 120_000;

/** What the served models answer. */
interface Answers {
  readonly predictions: ReadonlyMap<string, unknown>;
  readonly scores: ReadonlyMap<string, unknown>;
}

/** Stores data and models, and has the served ones fitted. The workers must run. */
export async function prepareModels(om: Omega): Promise<readonly Kind[]> {
  const rows = Array.from({ length: ROWS }, (_, i) => ({ a: i, b: (i * 7) % 11, y: 3 * i - ((i * 7) % 11) }));
  await om.datasets.put(rows, 'plane', { append: false });
  for (const name of [...FITTED, ...SERVED]) await om.models.put(unfitted(name), name);
  await om.models.put(readFileSync(ENDLESS_FILE), ENDLESS);
  const [predictions, scores] = [new Map<string, unknown>(), new Map<string, unknown>()];
  for (const name of SERVED) {
    const model = om.runtime.model(name);
    await model.fit('plane[a,b]', 'plane[y]').get({ timeout: CLIENT_PATIENCE_MS });
    predictions.set(name, await model.predict('plane[a,b]').get({ timeout: CLIENT_PATIENCE_MS }));
    scores.set(name, await model.score('plane[a,b]', 'plane[y]').get({ timeout: CLIENT_PATIENCE_MS }));
  }
  return [fitKind, ...servedKinds({ predictions, scores }), notebookKind];
}

/** A prediction that is ended at its time limit of so many seconds. */
export function endlessPrediction(timeLimit: number): Unit {
  const end = { state: 'FAILURE', excType: 'TimeLimitExceeded' } as const;
  return builtin('endless ONNX', end, (om, taskId) =>
    om.runtime.model(ENDLESS, { taskId, timeLimit, softTimeLimit: 60 }).predict('plane[a,b]'),
  );
}

function unfitted(name: string): object {
  return name.includes('forest')
    ? new RandomForestRegression({ nEstimators: 4, seed: 1 })
    : MultivariateLinearRegression;
}

const fitKind: Kind = {
  name: 'fit',
  weight: 3,
  make(random) {
    const name = random.pick(FITTED);
    return builtin('fit', { leaves: { store: 'models', name } }, (om, taskId) =>
      om.runtime.model(name, { taskId }).fit('plane[a,b]', 'plane[y]'),
    );
  },
};

function servedKinds({ predictions, scores }: Answers): readonly Kind[] {
  return [
    {
      name: 'predict',
      weight: 4,
      make(random) {
        const name = random.pick(SERVED);
        return builtin('predict', { result: predictions.get(name) }, (om, taskId) =>
          om.runtime.model(name, { taskId }).predict('plane[a,b]'),
        );
      },
    },
    {
      name: 'predict, stored',
      weight: 2,
      make(random) {
        const [model, name] = [random.pick(SERVED), `prediction-${randomUUID()}`];
        const leaves: Stored = { store: 'datasets', name, rows: ROWS };
        return builtin('predict, stored', { leaves }, (om, taskId) =>
          om.runtime.model(model, { taskId }).predict('plane[a,b]', { result: name }),
        );
      },
    },
    {
      name: 'score',
      weight: 3,
      make(random) {
        const name = random.pick(SERVED);
        return builtin('score', { result: scores.get(name) }, (om, taskId) =>
          om.runtime.model(name, { taskId }).score('plane[a,b]', 'plane[y]'),
        );
      },
    },
  ];
}

/** Few: a kernel takes a second to start. Each one is of its own, so that its runs can be counted. */
const notebookKind: Kind = {
  name: 'notebook',
  weight: 0.3,
  async make(_, om) {
    const name = `notebook-${randomUUID()}`;
    await om.jobs.put(oneCell('1 + 1'), name);
    return builtin('notebook', { leaves: { store: 'jobs', name } }, (client, taskId) =>
      client.runtime.job(name, { taskId }).run(),
    );
  },
};

function oneCell(source: string): object {
  const kernelspec = { name: 'deno', display_name: 'Deno', language: 'typescript' };
  const cell = { cell_type: 'code', metadata: {}, source, outputs: [], execution_count: null };
  return { nbformat: 4, nbformat_minor: 4, metadata: { kernelspec }, cells: [cell] };
}

function builtin(
  kind: string,
  expected: Partial<Expectation>,
  send: (om: Omega, taskId: string) => TaskHandle<unknown>,
): Unit {
  const id = randomUUID();
  return {
    expected: [{ id, kind, state: 'SUCCESS', leavesTrace: false, ...expected }],
    send: (om) => send(om, id),
  };
}
