/** V8's collection of garbage, called where shared memory is let go: V8 does not take that for a reason to collect. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;

/** All of this thread. A few tens of milliseconds. */
export function collectGarbage(): void {
  collector()();
}

/** What this thread has created since the last collections. About a millisecond. */
export function collectYoungGarbage(): void {
  collector()({ type: 'minor' });
}

/** V8's own, without a flag for the whole process. */
function collector(): Collect {
  if (collect) return collect;
  setFlagsFromString('--expose-gc');
  collect = runInNewContext('gc') as Collect;
  return collect;
}
