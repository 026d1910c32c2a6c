/** The tasks that the supervisor runs itself: they only read results and send messages (celery/app/builtins.py). */
import type { Verdict } from './admission.ts';
import type { Request, WorkerNode } from './node.ts';

type CoordinationTask = (node: WorkerNode, request: Request) => Promise<Verdict>;

/** By task name. */
export const coordinationTasks: ReadonlyMap<string, CoordinationTask> = new Map();
