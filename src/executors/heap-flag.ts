const HEAP = '--max-old-space-size';
const LARGEST_SEMI_SPACE = 16;

/**
 * The flags of Node that limit the JavaScript heap of a process, and of each of its threads, to so many MiB. None where
 * NODE_OPTIONS limits it: whoever set that wins.
 */
export function heapFlags(mebibytes: number, nodeOptions = ''): string[] {
  if (nodeOptions.replaceAll('_', '-').includes(HEAP)) return [];
  // New objects have three of these beside the heap: by V8's own measure they would be as large as a small heap.
  const semiSpace = Math.min(Math.max(Math.floor(mebibytes / 16), 1), LARGEST_SEMI_SPACE);
  return [`${HEAP}=${mebibytes}`, `--max-semi-space-size=${semiSpace}`];
}
