/** `om.datasets`: the stored data of a bucket. */
import { DatasetNotFound } from '../errors.ts';
import type { Mongo } from '../mongo/client.ts';
import type { Kind } from './kind.ts';
import { ndarrayBin } from './kinds/ndarray-bin.ts';
import { omegaColumns } from './kinds/omega-columns.ts';
import { pandasDfrows } from './kinds/pandas-dfrows.ts';
import { pandasRawdict } from './kinds/pandas-rawdict.ts';
import { pandasSerows } from './kinds/pandas-serows.ts';
import { pythonData } from './kinds/python-data.ts';
import { pythonFile } from './kinds/python-file.ts';
import { createStore, type OmegaStore } from './store.ts';

/**
 * Stores DataFrames (and lists of plain objects, which become one), other plain objects and lists, arrays
 * of numbers, and files (bytes, or the path of one).
 */
export type Datasets = OmegaStore;

const KINDS: readonly Kind[] = [
  pandasDfrows,
  pandasSerows,
  omegaColumns,
  pythonData,
  pandasRawdict,
  ndarrayBin,
  pythonFile,
];

export interface DatasetsOptions {
  readonly bucket: string;
  /** Kinds of your own; they are asked before the built-in ones. */
  readonly kinds?: readonly Kind[];
}

export function createDatasets(mongo: Mongo, { bucket, kinds = [] }: DatasetsOptions): Datasets {
  return createStore({
    mongo,
    bucket,
    prefix: 'data/',
    kinds: [...kinds, ...KINDS],
    notFound: DatasetNotFound,
  });
}
