/** The results that a canvas will have, as a client follows them (celery/result.py `as_tuple`). */

/** Celery's result tuple, `[[id, parent], children]`. */
export type ResultTuple = readonly [readonly [string, ResultTuple | null], readonly ResultTuple[] | null];

/** The result of a task, or with `children` that of a group; `parent` is that of the task before it. */
export interface ResultNode {
  readonly id: string;
  parent: ResultNode | null;
  readonly children: readonly ResultNode[] | null;
}

/** Parents in what is stored or sent along: they show where a result came from, and nobody needs them all. */
export const MAX_PARENTS = 12;

export function taskResult(id: string): ResultNode {
  return { id, parent: null, children: null };
}

export function groupResult(id: string, children: readonly ResultNode[]): ResultNode {
  return { id, parent: null, children };
}

/** The first result of those that lead to this one. */
export function firstParent(node: ResultNode): ResultNode {
  let first = node;
  while (first.parent !== null) first = first.parent;
  return first;
}

/**
 * @param maxParents - parents further up are left out: each one nests the tuple two levels deeper, and JSON as deep as
 *   a long chain is not read everywhere.
 */
export function toTuple(node: ResultNode, maxParents = Number.POSITIVE_INFINITY): ResultTuple {
  const line: ResultNode[] = [];
  for (let next: ResultNode | null = node; next !== null && line.length <= maxParents; next = next.parent) {
    line.push(next);
  }
  return line.reduceRight<ResultTuple | null>(
    (parent, { id, children }) => [
      [id, parent],
      children?.map((child) => toTuple(child, maxParents)) ?? null,
    ],
    null,
  ) as ResultTuple;
}
