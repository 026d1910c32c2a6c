/** Series: a DataFrame of one column that pandas gives back as a Series. Ask for it by `kind`. */
import { DataFrame } from '../../frame/data-frame.ts';
import type { Kind } from '../kind.ts';
import { getRows, putRows, readRowBlocks } from './pandas-dfrows.ts';

export const pandasSerows: Kind<DataFrame> = {
  name: 'pandas.serows',
  appends: true,
  supports: (value) => value instanceof DataFrame && value.columns.size === 1,
  put: putRows,
  get: getRows,
  blocks: readRowBlocks,
};
