/**
 * How many tasks a worker runs at a time, and how much memory each part of it may take: from the limits of its container,
 * where the settings do not say.
 */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Settings } from '../config.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { MAX_RESULT_BYTES } from '../protocol/result.ts';
import { cpuCount, memoryLimit } from './cgroup.ts';

/** Limits of the container. */
export interface Limits {
  readonly cpus: number;
  /** Bytes of memory; null where only the machine limits it. */
  readonly memory: number | null;
}

export interface Capacity {
  /** Executors at first: the fewest, where their number follows the load. */
  readonly slots: number;
  /** Threads that tasks may keep busy together. */
  readonly cores: number;
  /** Bytes of memory that the node has. */
  readonly memory: number;
  /** KiB that an executor may take; null for no limit. */
  readonly executorKib: number | null;
  /** MiB of JavaScript heap of an executor: of its main thread, and of each other one. */
  readonly executorHeapMib: number;
}

type Given = Pick<Settings, 'concurrency' | 'autoscale' | 'memoryLimit'>;

const MIB = 2 ** 20;
/** The supervisor's part of a limited memory, and its least; what it takes of that beside its heap, and its largest heap. */
const SUPERVISOR_PART = 0.2;
const SUPERVISOR_MIB = 100;
const SUPERVISOR_NATIVE_MIB = 36;
const SUPERVISOR_HEAP_MIB = 512;
const OWN_HEAP = getHeapStatistics().heap_size_limit;
/** What the supervisor's heap holds beside results. */
const HEAP_IN_USE = 24 * MIB;
/**
 * How often the heap holds the text of a result that is read from its executor, and of each one that is on its way. Measured
 * with the worst of texts: of quotes, which IPC escapes, and with characters that have V8 take two bytes for each.
 */
const READING_COPIES = 8;
const WAITING_COPIES = 5;
/**
 * Of what an executor may take: the rest is for typed arrays and native code, which a heap's limit does not count, and for what
 * V8 takes beside the heap when that is full.
 */
const HEAP_PART = 0.45;
const LEAST_HEAP_MIB = 64;
const LARGEST_HEAP_MIB = 4096;
/** Without a limit a heap is no smaller: V8 takes what it needs only. */
const UNLIMITED_HEAP_MIB = 256;

/** @throws ImproperlyConfigured when the executors would have too little memory to work. */
export function capacityOf(given: Given, limits: Limits = containerLimits()): Capacity {
  const slots = given.autoscale?.[1] ?? given.concurrency ?? defaultSlots(limits, given);
  const most = given.autoscale?.[0] ?? slots;
  const executorKib = given.memoryLimit ?? shareOf(limits, most);
  const capacity = {
    ...{ slots, cores: limits.cpus, executorKib },
    memory: limits.memory ?? totalmem(),
    executorHeapMib: executorKib === null ? unlimitedHeap(most) : heapWithin(executorKib),
  };
  if (capacity.executorHeapMib < LEAST_HEAP_MIB) throw tooLittle(given, limits, most, capacity);
  return capacity;
}

/** MiB of JavaScript heap for the supervisor; null for V8's own choice, where the memory is not limited. */
export function supervisorHeapMib(memory = memoryLimit()): number | null {
  if (memory === null) return null;
  return Math.min(supervisorMib(memory) - SUPERVISOR_NATIVE_MIB, SUPERVISOR_HEAP_MIB);
}

/**
 * Bytes that the result of a task may have, so that the supervisor has room for one of each slot at a time.
 *
 * @param heap - bytes that the JavaScript heap of the supervisor may take.
 */
export function resultLimit(slots: number, heap = OWN_HEAP): number {
  const room = Math.max(0, heap - HEAP_IN_USE);
  return Math.min(MAX_RESULT_BYTES, Math.floor(room / (READING_COPIES + slots * WAITING_COPIES)));
}

function containerLimits(): Limits {
  return { cpus: cpuCount(), memory: memoryLimit() };
}

/** One for each CPU, fewer where the memory is not enough for as many. */
function defaultSlots({ cpus, memory }: Limits, given: Given): number {
  if (memory === null || given.memoryLimit !== undefined) return cpus;
  const most = Math.floor((executorsMib(memory) * HEAP_PART) / LEAST_HEAP_MIB);
  return Math.max(1, Math.min(cpus, most));
}

/** KiB for each executor. */
function shareOf({ memory }: Limits, slots: number): number | null {
  return memory === null ? null : Math.floor((executorsMib(memory) * 1024) / slots);
}

function executorsMib(memory: number): number {
  return memory / MIB - supervisorMib(memory);
}

function supervisorMib(memory: number): number {
  return Math.max(SUPERVISOR_MIB, Math.floor((memory / MIB) * SUPERVISOR_PART));
}

function heapWithin(kibibytes: number): number {
  return Math.min(Math.floor((kibibytes / 1024) * HEAP_PART), LARGEST_HEAP_MIB);
}

function unlimitedHeap(slots: number): number {
  const share = Math.round((totalmem() * HEAP_PART) / slots / MIB);
  return Math.min(Math.max(share, UNLIMITED_HEAP_MIB), LARGEST_HEAP_MIB);
}

function tooLittle(
  given: Given,
  { memory }: Limits,
  slots: number,
  { executorHeapMib }: Capacity,
): ImproperlyConfigured {
  const least = Math.ceil(LEAST_HEAP_MIB / HEAP_PART);
  const found = `each executor would have ${Math.max(0, executorHeapMib)} MiB of heap, which is less than the ${LEAST_HEAP_MIB} that tasks need`;
  if (given.memoryLimit !== undefined || memory === null)
    return new ImproperlyConfigured(
      `${found}: set OMEGA_WORKER_MEMORY_LIMIT to ${least * 1024} (KiB) or more, or leave it out`,
    );
  const needed = Math.ceil(Math.max(SUPERVISOR_MIB + slots * least, (slots * least) / (1 - SUPERVISOR_PART)));
  return new ImproperlyConfigured(
    `${found}: ${slots} slots share ${Math.floor(memory / MIB)} MiB of memory. Give the container ${needed} MiB, or the worker fewer slots (OMEGA_WORKER_CONCURRENCY)`,
  );
}
