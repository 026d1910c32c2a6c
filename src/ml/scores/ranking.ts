/** Scores of predicted probabilities, equal to those of `sklearn.metrics`. */
import { InvalidData, InvalidOptions } from '../../errors.ts';
import type { Label } from '../state.ts';
import { ascending, comparable } from './classification.ts';
import { sumOver } from './sum.ts';

/** Predicted probabilities: an array for each class, with a number for each row. */
export type Probabilities = readonly ArrayLike<number>[];

export interface RankingOptions {
  /** The classes that the probabilities are of, in their order. Default: the labels that are there, ascending. */
  readonly labels?: readonly Label[];
}

export interface RocAucOptions extends RankingOptions {
  /** How more than two classes, each against the rest, are averaged. Default `macro`: their mean. */
  readonly average?: 'macro' | 'weighted';
}

/**
 * The area under the receiver operating characteristic: how often a row of a class has a higher probability
 * of it than a row of another; half of a tie. Of two classes: of the second one. Of more: each against the rest.
 *
 * @throws InvalidData when a class has no rows, for which the area is not defined; or as {@link logLoss}.
 */
export function rocAucScore(
  truth: ArrayLike<Label>,
  probabilities: Probabilities,
  { labels, average = 'macro' }: RocAucOptions = {},
): number {
  const { codes, classes } = encode(truth, probabilities, labels);
  const counts = classes.map((_, code) => codes.reduce((sum, each) => sum + Number(each === code), 0));
  const absent = classes.filter((_, code) => counts[code] === 0);
  if (absent.length > 0) {
    throw new InvalidData(
      `ROC AUC is not defined without rows of every class, and y has none of ${absent.join(', ')}: score on more rows`,
    );
  }
  const area = (code: number) => areaOf(codes, probabilities[code] ?? [], code, counts[code] ?? 0);
  if (classes.length === 2) return area(1);
  const weights = average === 'weighted' ? counts : counts.map(() => 1);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((sum, weight, code) => sum + weight * area(code), 0) / all;
}

/**
 * The mean of -log(probability of the true class). Probabilities are kept from 0 and 1 by the machine's precision.
 *
 * @throws InvalidData when labels and probabilities do not belong together, or one is not finite; InvalidOptions when labels are
 *   too few to name the classes.
 */
export function logLoss(
  truth: ArrayLike<Label>,
  probabilities: Probabilities,
  { labels }: RankingOptions = {},
): number {
  const { codes } = encode(truth, probabilities, labels);
  const loss = sumOver(codes.length, (row) => {
    const probability = probabilities[codes[row] as number]?.[row] ?? Number.NaN;
    return -Math.log(Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON));
  });
  return loss / codes.length;
}

interface Encoded {
  readonly codes: readonly number[];
  readonly classes: readonly (string | number)[];
}

function encode(
  truth: ArrayLike<Label>,
  probabilities: Probabilities,
  labels: readonly Label[] | undefined,
): Encoded {
  const rows = comparable(truth);
  const classes = labels ? comparable(labels) : [...new Set(rows)].sort(ascending);
  if (rows.length === 0) throw new InvalidData('there are no labels to score: give at least one row');
  if (classes.length < 2 || classes.length !== probabilities.length) {
    throw new InvalidOptions(
      `there are probabilities of ${probabilities.length} classes and the labels ${classes.join(', ')}: name two classes or more, one for each array of probabilities, in labels`,
    );
  }
  const short = probabilities.find(({ length }) => length !== rows.length);
  if (short) {
    throw new InvalidData(
      `there are ${rows.length} labels and ${short.length} probabilities: give one of each class for each row`,
    );
  }
  probabilities.forEach((values, code) => {
    requireFinite(classes[code] ?? code, values);
  });
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  return { codes: rows.map((label) => codeOf.get(label) ?? unknownLabel(label, classes)), classes };
}

/** What is not a number has no rank, and no logarithm. */
function requireFinite(label: string | number, probabilities: ArrayLike<number>): void {
  for (let row = 0; row < probabilities.length; row += 1) {
    if (Number.isFinite(probabilities[row])) continue;
    throw new InvalidData(
      `row ${row} has the probability ${probabilities[row]} of ${label}: leave out rows of which the model has no probability`,
    );
  }
}

function unknownLabel(label: string | number, classes: readonly (string | number)[]): never {
  throw new InvalidData(
    `y has the label ${label}, of which the model gives no probability (it knows ${classes.join(', ')}): leave those rows out, or fit on rows of every class`,
  );
}

/** By the ranks of the class's rows, ties sharing their mean rank (Mann and Whitney's U). */
function areaOf(
  codes: readonly number[],
  scores: ArrayLike<number>,
  positive: number,
  positiveCount: number,
): number {
  const rowCount = codes.length;
  const order = Uint32Array.from({ length: rowCount }, (_, row) => row).sort((a, b) => {
    return (scores[a] as number) - (scores[b] as number);
  });
  let doubledRanks = 0;
  for (let start = 0; start < rowCount; ) {
    let end = start;
    let positives = 0;
    for (; end < rowCount && scores[order[end] as number] === scores[order[start] as number]; end += 1) {
      if (codes[order[end] as number] === positive) positives += 1;
    }
    // Ranks start + 1 to end: twice their mean is a whole number, and the sum stays exact.
    doubledRanks += positives * (start + 1 + end);
    start = end;
  }
  const wins = doubledRanks / 2 - (positiveCount * (positiveCount + 1)) / 2;
  return wins / (positiveCount * (rowCount - positiveCount));
}
