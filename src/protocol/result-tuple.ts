/** Celery's result tuples, `[[id, parent], children]`, as results carry them (celery/result.py `as_tuple`). */
import type { ResultTuple } from './canvas.ts';

/** A chain of that many parents, and groups in groups that deep, are read; what is beyond is left out. */
const MAX_PARENTS = 1_000;
const MAX_NESTING = 32;

/** Reads what a task has sent; what is no result tuple is left out. */
export function readResultTuples(value: unknown): readonly ResultTuple[] {
  return readList(value, 0);
}

function readList(value: unknown, depth: number): ResultTuple[] {
  if (!Array.isArray(value) || depth > MAX_NESTING) return [];
  return value.map((item) => readTuple(item, depth)).filter((tuple) => tuple !== null);
}

/** Parents are followed in a loop: a long chain nests them as deep as it is long. */
function readTuple(value: unknown, depth: number): ResultTuple | null {
  const line: { readonly id: string; readonly children: ResultTuple[] | null }[] = [];
  for (let next = value; Array.isArray(next) && line.length < MAX_PARENTS; ) {
    const [self, children]: unknown[] = next;
    const [id, parent]: unknown[] = Array.isArray(self) ? self : [];
    if (typeof id !== 'string') break;
    line.push({ id, children: Array.isArray(children) ? readList(children, depth + 1) : null });
    next = parent;
  }
  return line.reduceRight<ResultTuple | null>((parent, { id, children }) => [[id, parent], children], null);
}
