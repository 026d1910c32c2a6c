/** Tables that are never in memory as a whole. */
import { InvalidData } from '../errors.ts';
import type { DataFrame } from './data-frame.ts';

/** A table frame by frame. It may be gone through several times. */
export class FrameSequence {
  /** Begins with the first frame. Each frame is valid until the next one is asked for. */
  readonly open: () => AsyncIterable<DataFrame>;

  constructor(open: () => AsyncIterable<DataFrame>) {
    this.open = open;
  }
}

/**
 * The rows of two tables side by side: in each step as many of one as of the other. Frames are valid until the next step.
 *
 * @throws InvalidData when one has more rows than the other.
 */
export async function* sideBySide(
  left: AsyncIterable<DataFrame>,
  right: AsyncIterable<DataFrame>,
): AsyncGenerator<readonly [DataFrame, DataFrame]> {
  const [a, b] = [new Cursor(left), new Cursor(right)];
  try {
    for (;;) {
      const [ofA, ofB] = [await a.rest(), await b.rest()];
      if (ofA === null && ofB === null) return;
      if (ofA === null || ofB === null) throw differingLengths(a, b);
      const rows = Math.min(ofA.rowCount, ofB.rowCount);
      yield [a.take(rows), b.take(rows)];
    }
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

/** A place in a table that is read frame by frame. */
class Cursor {
  /** Rows so far. */
  rowCount = 0;
  readonly #frames: AsyncIterator<DataFrame>;
  #frame: DataFrame | null = null;

  constructor(frames: AsyncIterable<DataFrame>) {
    this.#frames = frames[Symbol.asyncIterator]();
  }

  /** What is left of the current frame, else the next one; null after the last. */
  async rest(): Promise<DataFrame | null> {
    while (this.#frame === null || this.#frame.rowCount === 0) {
      const { done, value } = await this.#frames.next();
      if (done) return null;
      this.#frame = value;
    }
    return this.#frame;
  }

  /** The next rows of the current frame. */
  take(rows: number): DataFrame {
    const frame = this.#frame;
    if (frame === null) throw new RangeError('there is no current frame');
    this.#frame = frame.slice(rows);
    this.rowCount += rows;
    return frame.slice(0, rows);
  }

  async close(): Promise<void> {
    await this.#frames.return?.();
  }
}

function differingLengths(a: Cursor, b: Cursor): InvalidData {
  return new InvalidData(
    `X and y have not the same number of rows (they differ after ${Math.min(a.rowCount, b.rowCount)}): give one label for each row of X`,
  );
}
