/** Options of the random forests. */
import { z } from 'zod';
import { InvalidOptions } from '../errors.ts';
import { type ClassWeight, classWeightSchema } from './class-weights.ts';
import { parseWith } from './options.ts';

/**
 * Options that both forests have. They go by ml-random-forest's names; where the user gives none, by
 * scikit-learn's defaults. The optional ones came after version 0.2.0, which refuses models that name them: an option
 * that is off is not named.
 */
export interface ForestOptions {
  /** Number of trees. Default 100. */
  readonly nEstimators: number;
  /**
   * How many of the (encoded) features are drawn, without replacement, for each split: a whole number from
   * 2, a share in (0, 1], `sqrt` or `log2`. 1 is all of them, as in ml-random-forest. Default `sqrt` for
   * classification, 1 for regression.
   */
  readonly maxFeatures: number | 'sqrt' | 'log2';
  /** A 32-bit integer: the same seed gives the same forest, whatever the number of threads. Default 42. */
  readonly seed: number;
  /** Draw each tree's rows with replacement. Default true. */
  readonly useSampleBagging: boolean;
  /** Rows drawn for each tree: a number from 2, or a share in (0, 1]. Default null: as many as there are. */
  readonly maxSamples: number | null;
  /** Default null: until no split is left. */
  readonly maxDepth: number | null;
  /** A node of at most so many rows (as drawn) is not split. Default 1. */
  readonly minNumSamples: number;
  /** Both sides of a split have at least so many rows (as drawn). Default 1. */
  readonly minSamplesLeaf: number;
  /** A node is split only if that lowers its impurity (gini or variance) by more than this. Default null: no limit. */
  readonly gainThreshold: number | null;
  /** A tree grows the leaves that lower its impurity most, until it has so many. Default: no limit. */
  readonly maxLeafNodes?: number;
  /** Score the forest on the rows that each tree has not drawn (see {@link outOfBagScore}). Default: not. */
  readonly oobScore?: true;
}

export interface ForestClassifierOptions extends ForestOptions {
  /**
   * `soft`: the class of highest mean probability, as in scikit-learn. `hard`: the class that most trees
   * vote for, as in ml-random-forest; probabilities are then shares of votes. Default `soft`.
   */
  readonly voting: 'soft' | 'hard';
  /** Default: every row counts as much. */
  readonly classWeight?: ClassWeight;
}

export interface ForestRegressionOptions extends ForestOptions {
  /** How the trees' predictions are combined. Default `mean`. */
  readonly selectionMethod: 'mean' | 'median';
}

const depth = z.number().int().min(1).or(z.literal(Number.POSITIVE_INFINITY)).nullable();

/** Of each tree; accepted inside `treeOptions` (ml-cart) and beside the others. */
const treeShape = {
  maxDepth: depth.optional(),
  minNumSamples: z.number().int().min(1).optional(),
  minSamplesLeaf: z.number().int().min(1).optional(),
  gainThreshold: z.number().min(0).nullable().optional(),
  maxLeafNodes: z.number().int().min(2).nullable().optional(),
};

const treeOptions = z.strictObject({
  ...treeShape,
  gainFunction: z.enum(['gini', 'regression']).optional(),
  splitFunction: z.literal('mean').optional(),
  kind: z.enum(['classifier', 'regression']).optional(),
});

const forestShape = {
  ...treeShape,
  treeOptions: treeOptions.nullish(),
  nEstimators: z.number().int().min(1).default(100),
  seed: z
    .number()
    .int()
    .min(-(2 ** 31))
    .max(2 ** 32 - 1)
    .default(42),
  useSampleBagging: z.boolean().default(true),
  maxSamples: z.number().positive().nullish(),
  /** ml-random-forest draws features once per tree; here they are drawn for each split, without replacement. */
  replacement: z.boolean().optional(),
  /** Of ml-random-forest, which computes out-of-bag predictions unless it is set; here `oobScore` asks for their score. */
  noOOB: z.boolean().optional(),
  oobScore: z.boolean().default(false),
  isClassifier: z.boolean().optional(),
};

const maxFeatures = z.union([z.number().positive(), z.enum(['sqrt', 'log2'])]);
const classifierSchema = z.strictObject({
  ...forestShape,
  maxFeatures: maxFeatures.default('sqrt'),
  voting: z.enum(['soft', 'hard']).default('soft'),
  classWeight: classWeightSchema.nullable().default(null),
});
const regressionSchema = z.strictObject({
  ...forestShape,
  maxFeatures: maxFeatures.default(1),
  selectionMethod: z.enum(['mean', 'median']).default('mean'),
});

/** How a fitted forest combines its trees is asked with each prediction: the other options are left unparsed then. */
const votingSchema = z.object({ voting: classifierSchema.shape.voting });
const selectionSchema = z.object({ selectionMethod: regressionSchema.shape.selectionMethod });

/** @throws InvalidOptions */
export function parseClassifierOptions(options: unknown): ForestClassifierOptions {
  const parsed = parseWith(classifierSchema, options, 'RandomForestClassifier');
  const { voting, classWeight } = parsed;
  return { ...forestOptions(parsed), voting, ...(classWeight && { classWeight }) };
}

/** @throws InvalidOptions */
export function parseRegressionOptions(options: unknown): ForestRegressionOptions {
  const parsed = parseWith(regressionSchema, options, 'RandomForestRegression');
  return { ...forestOptions(parsed), selectionMethod: parsed.selectionMethod };
}

/** Of a fitted classifier's options. @throws InvalidOptions */
export function votingOf(options: unknown): ForestClassifierOptions['voting'] {
  return parseWith(votingSchema, options, 'RandomForestClassifier').voting;
}

/** Of a fitted regression's options. @throws InvalidOptions */
export function selectionMethodOf(options: unknown): ForestRegressionOptions['selectionMethod'] {
  return parseWith(selectionSchema, options, 'RandomForestRegression').selectionMethod;
}

/** How many features are drawn for each split. @throws InvalidOptions when there are not so many. */
export function featuresPerSplit({ maxFeatures: wanted }: ForestOptions, featureCount: number): number {
  if (wanted === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(featureCount)));
  if (wanted === 'log2') return Math.max(1, Math.floor(Math.log2(featureCount)));
  if (wanted <= 1) return Math.max(1, Math.floor(wanted * featureCount));
  if (wanted <= featureCount) return wanted;
  throw new InvalidOptions(
    `maxFeatures is ${wanted} and X has ${featureCount} features once encoded: give at most ${featureCount}, or a share from 0 to 1`,
  );
}

/** How many rows are drawn for each tree. @throws InvalidOptions when there are not so many. */
export function rowsPerTree({ maxSamples }: ForestOptions, rowCount: number): number {
  if (maxSamples === null) return rowCount;
  if (maxSamples <= 1) return Math.max(1, Math.floor(maxSamples * rowCount));
  if (maxSamples <= rowCount) return maxSamples;
  throw new InvalidOptions(
    `maxSamples is ${maxSamples} and X has ${rowCount} rows: give at most ${rowCount}, or a share from 0 to 1`,
  );
}

type ParsedForest = z.infer<typeof classifierSchema> | z.infer<typeof regressionSchema>;

function forestOptions(parsed: ParsedForest): ForestOptions {
  const tree = { ...parsed.treeOptions, ...withoutUndefined(parsed) };
  requireWhole('maxFeatures', parsed.maxFeatures);
  requireWhole('maxSamples', parsed.maxSamples ?? 0);
  if (parsed.oobScore && !parsed.useSampleBagging) {
    throw new InvalidOptions('oobScore needs rows that a tree has not drawn: leave useSampleBagging on');
  }
  return {
    nEstimators: parsed.nEstimators,
    maxFeatures: parsed.maxFeatures,
    seed: parsed.seed,
    useSampleBagging: parsed.useSampleBagging,
    maxSamples: parsed.maxSamples ?? null,
    maxDepth:
      tree.maxDepth === undefined || tree.maxDepth === Number.POSITIVE_INFINITY ? null : tree.maxDepth,
    minNumSamples: tree.minNumSamples ?? 1,
    minSamplesLeaf: tree.minSamplesLeaf ?? 1,
    gainThreshold: tree.gainThreshold ?? null,
    ...(tree.maxLeafNodes && { maxLeafNodes: tree.maxLeafNodes }),
    ...(parsed.oobScore && { oobScore: true }),
  };
}

function withoutUndefined(parsed: ParsedForest): ParsedForest {
  return Object.fromEntries(
    Object.entries(parsed).filter(([, value]) => value !== undefined),
  ) as ParsedForest;
}

function requireWhole(name: string, value: number | string): void {
  if (typeof value === 'string' || value <= 1 || Number.isInteger(value)) return;
  throw new InvalidOptions(`${name} is ${value}: give a whole number, or a share from 0 to 1`);
}
