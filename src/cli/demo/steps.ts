/** What the demo lets the worker do: chains of tasks, each waiting for the one before it. */
import { readFile } from 'node:fs/promises';
import { RandomForestClassifier } from 'ml-random-forest';
import { MultivariateLinearRegression } from 'ml-regression';
import type { Omega } from '../../omega.ts';
import type { TaskHandle } from '../../runtime/task-handle.ts';
import { dataFile, putSplit, readDiamonds, readPenguins, splitRows } from './data.ts';

/** One task of the demo. */
export interface Step {
  readonly title: string;
  submit(om: Omega): TaskHandle<unknown>;
  /** What the result says, for the table. */
  describe(result: unknown): string;
  /** Finds what went wrong although the task succeeded; null when nothing did. */
  findProblem?(om: Omega): Promise<string | null>;
}

/** Steps of one chain run one after the other; the chains run at the same time. */
export type Chain = readonly Step[];

/** The demo's notebook. */
export const NOTEBOOK = 'penguins';
export const NOTEBOOK_STEP = `run notebook ${NOTEBOOK}`;

const PENGUIN_FEATURES = 'island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex';
const ONNX_FEATURES = 'carat,depth,table,x,y,z';

/** Stores the demo's data, models and notebook. */
export async function putDemoObjects(om: Omega, progress: (line: string) => void): Promise<void> {
  const penguins = splitRows(await readPenguins());
  const diamonds = splitRows(await readDiamonds());
  for (const [name, split] of Object.entries({ penguins, diamonds })) {
    await putSplit(om.datasets, name, split);
    progress(`stored ${name}: ${split.train.rowCount} rows to fit on, ${split.test.rowCount} held out`);
  }
  await om.models.put(new RandomForestClassifier({ nEstimators: 100, seed: 1 }), 'penguins');
  await om.models.put(MultivariateLinearRegression, 'diamonds');
  await om.models.put(dataFile('diamonds.onnx'), 'diamonds-onnx');
  await om.jobs.put(await readFile(dataFile(`${NOTEBOOK}.ipynb`)), NOTEBOOK);
  progress('stored 3 models and a notebook');
}

/** The tasks, for {@link putDemoObjects}'s data. */
export const CHAINS: readonly Chain[] = [
  [
    fitStep('penguins', `penguins_train[${PENGUIN_FEATURES}]`, 'penguins_train[species]'),
    scoreStep('penguins', 'accuracy', `penguins_test[${PENGUIN_FEATURES}]`, 'penguins_test[species]'),
    predictStep('penguins', `penguins_test[${PENGUIN_FEATURES}]`),
    {
      title: NOTEBOOK_STEP,
      submit: (om) => om.runtime.job(NOTEBOOK).run(),
      describe: nameOfMetadata,
      findProblem: findNotebookProblem,
    },
  ],
  [
    fitStep('diamonds', 'diamonds_train[^price]', 'diamonds_train[price]'),
    scoreStep('diamonds', 'R²', 'diamonds_test[^price]', 'diamonds_test[price]'),
    predictStep('diamonds', 'diamonds_test[^price]'),
  ],
  [
    scoreStep('diamonds-onnx', 'R²', `diamonds_test[${ONNX_FEATURES}]`, 'diamonds_test[price]'),
    predictStep('diamonds-onnx', `diamonds_test[${ONNX_FEATURES}]`),
  ],
];

function fitStep(model: string, X: string, y: string): Step {
  return {
    title: `fit ${model}`,
    submit: (om) => om.runtime.model(model).fit(X, y),
    describe: () => `model '${model}', a new version`,
  };
}

function scoreStep(model: string, measure: string, X: string, y: string): Step {
  return {
    title: `score ${model}`,
    submit: (om) => om.runtime.model(model).score(X, y),
    describe: (result) => `${measure} ${Number(result).toFixed(3)} on held-out rows`,
  };
}

/** Predictions are stored, where the notebook reads them. */
function predictStep(model: string, X: string): Step {
  return {
    title: `predict ${model}`,
    submit: (om) => om.runtime.model(model).predict(X, { result: `${model}_predicted` }),
    describe: (result) => `dataset '${nameOfMetadata(result)}'`,
  };
}

/** The object's name in omega|ml's text for metadata. */
function nameOfMetadata(text: unknown): string {
  return /name=([^,]*)/.exec(String(text))?.[1] ?? String(text);
}

/** A notebook that raises does not fail its task: its last run says how it went. */
async function findNotebookProblem(om: Omega): Promise<string | null> {
  const { attributes } = await om.jobs.metadata(NOTEBOOK);
  const runs = attributes.job_runs as readonly { readonly status: string; readonly message: string }[];
  const last = runs.at(-1);
  return last?.status === 'OK' ? null : (last?.message ?? 'it has not run');
}
