/** The nodes of trees. */

/**
 * A tree, or several one after the other, in preorder. `feature` is -1 in a leaf. In a split, rows with a
 * value up to `threshold` go to the next node, the others to `right` (counted from the tree's first node);
 * rows without a value to the next node if `missingLeft` is 1.
 * In a leaf, `threshold` is the prediction: a number, or the index of a distribution (see forest-grow.ts).
 */
export interface Nodes {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
}

/** The nodes of one tree after the other, written in preorder. */
export class NodeList {
  readonly #nodes: Nodes;
  #size = 0;

  /** @param capacity nodes of the largest tree. */
  constructor(capacity: number) {
    this.#nodes = {
      feature: new Int32Array(capacity),
      threshold: new Float64Array(capacity),
      right: new Int32Array(capacity),
      missingLeft: new Uint8Array(capacity),
    };
  }

  /** Begins the next tree. */
  clear(): void {
    this.#size = 0;
  }

  /** A new node; `parent` is the node whose right child it is, -1 for a left child and the root. */
  append(parent: number): number {
    const index = this.#size;
    this.#size += 1;
    if (parent >= 0) this.#nodes.right[parent] = index;
    return index;
  }

  setLeaf(index: number, value: number): void {
    const { feature, threshold, right, missingLeft } = this.#nodes;
    feature[index] = -1;
    threshold[index] = value;
    right[index] = 0;
    missingLeft[index] = 0;
  }

  setSplit(index: number, feature: number, threshold: number, missingLeft: boolean): void {
    this.#nodes.feature[index] = feature;
    this.#nodes.threshold[index] = threshold;
    this.#nodes.missingLeft[index] = Number(missingLeft);
  }

  /** A copy of the tree. */
  copy(): Nodes {
    const { feature, threshold, right, missingLeft } = this.#nodes;
    return {
      feature: feature.slice(0, this.#size),
      threshold: threshold.slice(0, this.#size),
      right: right.slice(0, this.#size),
      missingLeft: missingLeft.slice(0, this.#size),
    };
  }
}
