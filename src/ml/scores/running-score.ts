/** Scores of rows that are never in memory all at once: what a score needs to know of them is summed up. */
import type { DataFrame } from '../../frame/data-frame.ts';
import { readLabels } from '../target.ts';
import { confusionMatrix } from './classification.ts';
import { matchTargets, pairedNumbers } from './pairs.ts';
import { mergeSpreads, NO_SPREAD, r2Of, type Spread, spreadOf } from './spread.ts';

export interface RunningScore {
  /** Adds rows with their predictions. @throws InvalidData */
  add(y: DataFrame, predicted: DataFrame): void;
  /** Of all rows so far; NaN for none. */
  readonly value: number;
}

/** The share of labels that are predicted. Equal to that of all rows at once. */
export function runningAccuracy(): RunningScore {
  let [right, count] = [0, 0];
  return {
    add(y, predicted) {
      const { labels } = readLabels(predicted, y);
      const { counts } = confusionMatrix(labels, readLabels(y, predicted).labels);
      right += counts.reduce((sum, ofLabel, i) => sum + (ofLabel[i] ?? 0), 0);
      count += labels.length;
    },
    get value() {
      return right / count;
    },
  };
}

/** R², of several targets the mean. Equal to that of all rows at once, up to rounding. */
export function runningR2(): RunningScore {
  const targets: Spread[] = [];
  return {
    add(y, predicted) {
      const pairs = pairedNumbers(matchTargets(y, predicted.columnNames), predicted);
      pairs.forEach(({ truth, answers }, i) => {
        targets[i] = mergeSpreads(targets[i] ?? NO_SPREAD, spreadOf(truth, answers));
      });
    },
    get value() {
      return targets.reduce((sum, spread) => sum + r2Of(spread), 0) / targets.length;
    },
  };
}
