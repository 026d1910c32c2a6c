/**
 * What a signature grows to when it is applied: each task of a header takes the chord's body along, each task takes
 * what the chain or group around it is linked to, and its stamps. So a small message may ask for gigabytes, or for
 * hours of comparing links with each other. It is refused before.
 */
import { InvalidTaskError } from '../errors.ts';
import { type ChainStep, type ChordStep, headerTasks, listOf, type Step } from './canvas-step.ts';
import { isFields } from './fields.ts';

/** Bytes that all its messages together may take beyond what it has itself. */
const MAX_ADDED_BYTES = 256 * 2 ** 20;
/** Comparisons of links with each other: below a second. */
const MAX_COMPARISONS = 5_000_000;
/** What a stamp costs in comparisons. */
const STAMP_COST = 5;
/** Groups in one chain: each becomes the header of a chord that has the rest of the chain for a body. */
const MAX_GROUPS = 300;
const MAX_WEIGHED_DEPTH = 800;

/** What the signatures around one add to each task in it. */
interface Added {
  readonly links: number;
  readonly stamps: number;
  readonly bytes: number;
}

interface Totals {
  comparisons: number;
  bytes: number;
  /** Of the signatures that were weighed: bodies hold bodies. */
  readonly weights: Map<object, number>;
}

/** @throws InvalidTaskError when it is too much. */
export function checkGrowth(step: Step): void {
  if (step.subtask_type === null) return;
  count(step, { links: 0, stamps: 0, bytes: 0 }, { comparisons: 0, bytes: 0, weights: new Map() });
}

function count(step: Step, around: Added, totals: Totals): void {
  const own = step.options;
  const added = {
    links: around.links + listOf(own.link).length + listOf(own.link_error).length,
    stamps: around.stamps + listOf(own.stamped_headers).length,
    bytes: around.bytes,
  };
  if (step.subtask_type === null) {
    add(totals, added);
    return;
  }
  const below = { ...added, bytes: added.bytes + weigh(own, totals) };
  if (step.subtask_type === 'chain') checkGroups(step);
  if (step.subtask_type === 'chord') countChord(step, below, totals);
  else for (const task of step.kwargs.tasks) count(task, below, totals);
}

function countChord(step: ChordStep, below: Added, totals: Totals): void {
  const { body } = step.kwargs;
  const withBody = { ...below, bytes: below.bytes + weigh(body, totals) };
  for (const task of headerTasks(step)) count(task, withBody, totals);
  count(body, below, totals);
}

function add(totals: Totals, { links, stamps, bytes }: Added): void {
  totals.comparisons += links * links + stamps * STAMP_COST;
  totals.bytes += bytes;
  if (totals.comparisons > MAX_COMPARISONS) {
    throw new InvalidTaskError(
      'the canvas has too many links or stamps for so many tasks: link or stamp fewer of them',
    );
  }
  if (totals.bytes > MAX_ADDED_BYTES) {
    throw new InvalidTaskError(
      `the messages of the canvas would take more than ${MAX_ADDED_BYTES} bytes, since each task takes bodies and links along: store large arguments as a dataset and send its name`,
    );
  }
}

function checkGroups({ kwargs: { tasks } }: ChainStep): void {
  const groups = tasks.filter((task) => task.subtask_type === 'group');
  if (groups.length <= MAX_GROUPS) return;
  throw new InvalidTaskError(`a chain of more than ${MAX_GROUPS} groups: send it in parts`);
}

/** About how many bytes of JSON a value is. What is in it of itself is caught when it is written. */
function weigh(value: unknown, totals: Totals, depth = 0): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null || depth > MAX_WEIGHED_DEPTH) return 8;
  const known = totals.weights.get(value);
  if (known !== undefined) return known;
  totals.weights.set(value, 0);
  const parts: unknown[] = Array.isArray(value) ? value : isFields(value) ? Object.entries(value).flat() : [];
  const weight = parts.reduce<number>((sum, part) => sum + 1 + weigh(part, totals, depth + 1), 2);
  totals.weights.set(value, weight);
  return weight;
}
