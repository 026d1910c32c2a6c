/** Datasets that are larger than what a task is to have in memory: they go through it block by block. */
import type { DataFrame } from '../frame/data-frame.ts';
import { FrameSequence, sideBySide } from '../frame/frame-sequence.ts';
import type { RowBlock } from '../ml/fit-blocks.ts';
import type { OpenedModel } from '../models/opened-model.ts';
import type { Datasets } from '../store/datasets.ts';
import type { BuiltinContext } from './builtin-task.ts';
import { datasetName } from './task-data.ts';

/** Names of the datasets with features and labels. */
export interface LargeData {
  readonly Xname: string;
  readonly Yname: string;
}

/** Both names, when one of them is a dataset that is to be read in blocks; null when both can be read whole. */
export async function findLarge(
  datasets: Datasets,
  model: OpenedModel,
  { Xname: X, Yname: Y }: { readonly Xname: unknown; readonly Yname: unknown },
  context: BuiltinContext,
): Promise<LargeData | null> {
  const [Xname, Yname] = [datasetName(X, model, 'Xname'), datasetName(Y, model, 'Yname')];
  if (Xname === null || Yname === null) return null;
  const isLarge =
    (await isLargeSet(datasets, Xname, context)) || (await isLargeSet(datasets, Yname, context));
  return isLarge ? { Xname, Yname } : null;
}

/** The name of the dataset with the features, when it is to be read in blocks; else null. */
export async function findLargeFeatures(
  datasets: Datasets,
  model: OpenedModel,
  X: unknown,
  context: BuiltinContext,
): Promise<string | null> {
  const name = datasetName(X, model, 'Xname');
  return name !== null && (await isLargeSet(datasets, name, context)) ? name : null;
}

/** Rows with their labels. */
export async function* rowBlocks(
  datasets: Datasets,
  { Xname, Yname }: LargeData,
  { signal }: BuiltinContext,
): AsyncGenerator<RowBlock> {
  const [X, y] = [datasets.blocks(Xname, { signal }), datasets.blocks(Yname, { signal })];
  for await (const [features, labels] of sideBySide(X, y)) yield { X: features, y: labels };
}

/** What `compute` makes of each block. */
export function mapBlocks(
  datasets: Datasets,
  name: string,
  compute: (X: DataFrame) => Promise<DataFrame>,
  { signal }: BuiltinContext,
): FrameSequence {
  return new FrameSequence(async function* () {
    for await (const X of datasets.blocks(name, { signal })) yield await compute(X);
  });
}

async function isLargeSet(
  datasets: Datasets,
  name: string,
  { streamAbove = Number.POSITIVE_INFINITY }: BuiltinContext,
): Promise<boolean> {
  return ((await datasets.sizeOf(name)) ?? 0) > streamAbove;
}
