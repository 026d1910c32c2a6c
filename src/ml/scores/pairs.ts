/** True values beside predicted ones. */
import { InvalidData } from '../../errors.ts';
import type { DataFrame } from '../../frame/data-frame.ts';
import { numericTarget } from '../target.ts';

/** Of one target: a number for each row. */
export interface NumberPairs {
  readonly truth: Float64Array;
  readonly answers: Float64Array;
}

/** The columns of both, by position. @throws InvalidData when one has more of them, or other rows, or no numbers. */
export function pairedNumbers(y: DataFrame, predicted: DataFrame): NumberPairs[] {
  const truths = numericTarget(predicted, y, 'any').values;
  const answers = numericTarget(y, predicted, 'any').values;
  if (truths.length !== answers.length) {
    throw new InvalidData(
      `y has ${truths.length} columns and the model predicts ${answers.length}: give the columns it was fitted to`,
    );
  }
  return truths.map((truth, i) => ({ truth, answers: answers[i] ?? truth }));
}

/**
 * The columns of y in the order of the targets: by name, or by position where either side came without names.
 *
 * @throws InvalidData when both have names, and not the same.
 */
export function matchTargets(y: DataFrame, names: readonly string[]): DataFrame {
  if (names.length < 2 || y.columns.size !== names.length) return y;
  if (names.every((name) => y.columns.has(name))) return y.select(names);
  if (isNumbered(names) || isNumbered(y.columnNames)) return y;
  throw new InvalidData(
    `y has the columns ${y.columnNames.join(', ')} and the model predicts ${names.join(', ')}: give those it was fitted to, for example as name[${names.join(',')}]`,
  );
}

/** Whether columns are named `0`, `1`, … as lists and arrays name them. */
function isNumbered(names: readonly string[]): boolean {
  return names.every((name, position) => name === String(position));
}
