/** Grows and shrinks the slots by load (celery/worker/autoscale.py). */
import type { ScaleRange } from '../control/controlled-worker.ts';
import type { AutoscalerStats } from '../protocol/control-replies.ts';

/** Milliseconds between two looks at the load: well within the second that a delivery waits for a slot. */
const LOOK_EVERY_MS = 250;
/** Milliseconds without growth and without new tasks before slots are taken away. */
const KEEP_MS = 30_000;

export interface AutoscalerOptions {
  readonly range: ScaleRange;
  /** Slots now. */
  slots(): number;
  /** Tasks that run or wait for a slot. */
  load(): number;
  /** When the last task was received, in milliseconds since the epoch; 0 for never. */
  lastReceived(): number;
  /** Changes the slots. */
  resize(slots: number): void;
  /** Told of a new range: the worker takes as many deliveries as it may have slots. */
  onRange(range: ScaleRange): void;
  /** Default 30 s. */
  readonly keepMs?: number;
}

export interface Autoscaler {
  readonly stats: AutoscalerStats;
  /** Changes the range; slots outside of it are added or taken away at once. */
  scale(range: ScaleRange): void;
  stop(): void;
}

export function startAutoscaler(options: AutoscalerOptions): Autoscaler {
  const { slots, load, lastReceived, resize, onRange, keepMs = KEEP_MS } = options;
  let { range } = options;
  let lastGrowth = Date.now();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();

  function look(): void {
    const wanted = Math.min(Math.max(load(), range.fewest), range.most);
    if (wanted > slots()) grow(wanted);
    else if (wanted < slots() && isQuiet()) resize(wanted);
  }

  function grow(wanted: number): void {
    lastGrowth = Date.now();
    resize(wanted);
  }

  function isQuiet(): boolean {
    return Date.now() - Math.max(lastGrowth, lastReceived()) > keepMs;
  }

  return {
    get stats() {
      return { max: range.most, min: range.fewest, current: slots(), qty: load() };
    },
    scale(next) {
      range = next;
      onRange(range);
      const within = Math.min(Math.max(slots(), range.fewest), range.most);
      if (within !== slots()) resize(within);
    },
    stop: () => clearInterval(timer),
  };
}
