/** Fit, predict and score, as omega|ml's clients call them (omegaml/tasks.py). */
import { valueAt } from '../frame/column-rows.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { FitContext } from '../ml/estimator.ts';
import type { OpenedModel } from '../models/opened-model.ts';
import { formatMetadata } from '../store/metadata.ts';
import { bindArguments, optionalText, requiredText } from './arguments.ts';
import type { BuiltinContext, BuiltinTask, Stores } from './builtin-task.ts';
import { findLarge, findLargeFeatures, type LargeData, mapBlocks, rowBlocks } from './large-data.ts';
import { readFeatures, readLabels, readWeights, type TaskData } from './task-data.ts';

/** Fits a model and stores it as a new version. The result is the model's Metadata text. */
export const fitTask = createFitTask('omegaml.tasks.omega_fit', 'fit');

/** The same, but what the model has learned before stays: it learns these rows, too. */
export const partialFitTask = createFitTask('omegaml.tasks.omega_partial_fit', 'partialFit');

/** The result is a list with a value per row; with a list of values per row where the model has several outputs. */
export const predictTask = createPredictTask({
  name: 'omegaml.tasks.omega_predict',
  compute: (model, X, context) => model.predict(X, context),
  toResult: valuesOf,
});

/** The result is a list with a list of probabilities per row, the classes in ascending order. */
export const predictProbaTask = createPredictTask({
  name: 'omegaml.tasks.omega_predict_proba',
  compute: (model, X, context) => model.predictProba(X, context),
  toResult: rowsOf,
});

const SCORE = {
  task: 'omegaml.tasks.omega_score',
  required: ['modelname', 'Xname'],
  optional: ['Yname', 'rName', 'scoring'],
} as const;

/** The result is one number: accuracy of a classifier, R² of a regression, or what the scorer named by `scoring` gives. */
export const scoreTask: BuiltinTask = {
  name: SCORE.task,
  async run(args, kwargs, context) {
    const { values, bucket } = bindArguments(SCORE, args, kwargs);
    const om = context.om.bucket(bucket);
    const result = optionalText(SCORE.task, 'rName', values.rName);
    const scoring = optionalText(SCORE.task, 'scoring', values.scoring);
    const model = await openModel(om, SCORE.task, values.modelname);
    const large =
      scoring === null && model.scoresInBlocks ? await findLarge(om.datasets, model, values, context) : null;
    if (large) {
      const { value } = await model.scoreBlocks(() => rowBlocks(om.datasets, large, context), context);
      return result === null ? value : store(om, [value], result, context);
    }
    const [X, y] = await readTrainingSet(om, model, values, model.features);
    const { value } = await model.score(X.frame, y.frame, context, scoring === null ? {} : { scoring });
    return result === null ? value : store(om, [value], result, context);
  },
};

function createFitTask(name: string, operation: 'fit' | 'partialFit'): BuiltinTask {
  const signature = {
    task: name,
    required: ['modelname', 'Xname'],
    optional: ['Yname', 'sample_weight'],
  } as const;
  return {
    name,
    async run(args, kwargs, context) {
      const { values, bucket } = bindArguments(signature, args, kwargs);
      const om = context.om.bucket(bucket);
      const model = await openModel(om, name, values.modelname);
      const canStream = operation === 'fit' && model.fitsInBlocks && !values.sample_weight;
      const large = canStream ? await findLarge(om.datasets, model, values, context) : null;
      if (large) return await fitLarge(om, model, large, context);
      const [X, y] = await readTrainingSet(om, model, values, null);
      const trainingSet = { Xname: X.name, Yname: y.name, Xmeta: X.metadata, Ymeta: y.metadata };
      const sampleWeight = await readWeights(om.datasets, values.sample_weight);
      const fitContext = { ...fitContextOf(context), ...(sampleWeight ? { sampleWeight } : {}) };
      const { taskId } = context;
      return formatMetadata(await model[operation](X.frame, y.frame, fitContext, { trainingSet, taskId }));
    },
  };
}

/** The rows are gone through to learn their strings, to be learned and to be scored, and never in memory all together. */
async function fitLarge(
  { datasets }: Stores,
  model: OpenedModel,
  large: LargeData,
  context: BuiltinContext,
): Promise<string> {
  const [Xmeta, Ymeta] = await Promise.all([datasets.metadata(large.Xname), datasets.metadata(large.Yname)]);
  const { taskId } = context;
  const options = { trainingSet: { ...large, Xmeta, Ymeta }, taskId };
  const blocks = () => rowBlocks(datasets, large, context);
  return formatMetadata(await model.fitBlocks(blocks, fitContextOf(context), options));
}

/** Reports the progress of a fit that takes more than one step. */
function fitContextOf({ threads, signal, progress }: BuiltinContext): FitContext {
  const onProgress = (done: number, total: number) => {
    if (done < total) progress({ done, total });
  };
  return { threads, signal, onProgress };
}

interface Prediction {
  readonly name: string;
  compute(model: OpenedModel, X: DataFrame, context: BuiltinContext): Promise<DataFrame>;
  toResult(frame: DataFrame): unknown;
}

/**
 * With `rName`, the prediction is stored as a dataset, and the result is its Metadata text. That of a large dataset is
 * stored in columns, as its rows come.
 */
function createPredictTask({ name, compute, toResult }: Prediction): BuiltinTask {
  const signature = { task: name, required: ['modelname', 'Xname'], optional: ['rName'] } as const;
  return {
    name,
    async run(args, kwargs, context) {
      const { values, bucket } = bindArguments(signature, args, kwargs);
      const om = context.om.bucket(bucket);
      const result = optionalText(name, 'rName', values.rName);
      const model = await openModel(om, name, values.modelname);
      const large =
        result === null ? null : await findLargeFeatures(om.datasets, model, values.Xname, context);
      if (large !== null && result !== null) {
        const predicted = mapBlocks(om.datasets, large, (X) => compute(model, X, context), context);
        return store(om, predicted, result, context);
      }
      const X = await readFeatures(om.datasets, model, values.Xname, model.features);
      const predicted = await compute(model, X.frame, context);
      return result === null ? toResult(predicted) : store(om, predicted, result, context);
    },
  };
}

function openModel(om: Stores, task: string, modelname: unknown): Promise<OpenedModel> {
  return om.models.open(requiredText(task, 'modelname', modelname));
}

function readTrainingSet(
  { datasets }: Stores,
  model: OpenedModel,
  { Xname, Yname }: { readonly Xname: unknown; readonly Yname: unknown },
  names: readonly string[] | null,
): Promise<[X: TaskData, y: TaskData]> {
  return Promise.all([readFeatures(datasets, model, Xname, names), readLabels(datasets, model, Yname)]);
}

/** Replaces what the dataset holds, once per task. */
async function store(om: Stores, value: unknown, name: string, { taskId }: BuiltinContext): Promise<string> {
  return formatMetadata(await om.datasets.put(value, name, { append: false, taskId }));
}

function valuesOf(frame: DataFrame): unknown[] {
  const [column, ...others] = frame.columns.values();
  if (!column || others.length > 0) return rowsOf(frame);
  return Array.from({ length: frame.rowCount }, (_, row) => valueAt(column, row));
}

function rowsOf(frame: DataFrame): unknown[][] {
  const columns = [...frame.columns.values()];
  return Array.from({ length: frame.rowCount }, (_, row) => columns.map((column) => valueAt(column, row)));
}
