/**
 * Prints the flags of Node that let the heap of a supervisor fit its container; nothing where the memory is not limited, or the
 * NODE_OPTIONS that are its argument limit the heap.
 */
import { heapFlags } from '../src/executors/heap-flag.ts';
import { supervisorHeapMib } from '../src/worker/capacity.ts';

const mebibytes = supervisorHeapMib();
if (mebibytes !== null) process.stdout.write(heapFlags(mebibytes, process.argv[2]).join(' '));
