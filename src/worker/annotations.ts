/** Options of tasks that the worker's setting replaces (celery/app/annotations.py). */
import type { Settings } from '../config.ts';
import type { TaskManifest } from '../contract/ipc.ts';

type Annotations = NonNullable<Settings['taskAnnotations']>;
type Annotation = Annotations[string];

/** The tasks by name, each with what the annotations say of all tasks, then what they say of it. */
export function annotatedTasks(
  tasks: readonly TaskManifest[],
  annotations: Annotations = {},
): Map<string, TaskManifest> {
  const ofAll = annotation(annotations, '*');
  return new Map(
    tasks.map((task) => [task.name, { ...task, ...ofAll, ...annotation(annotations, task.name) }]),
  );
}

function annotation(annotations: Annotations, name: string): Partial<TaskManifest> {
  const found: Annotation = (Object.hasOwn(annotations, name) && annotations[name]) || {};
  const options: { readonly [Option in keyof TaskManifest]?: TaskManifest[Option] | undefined } = {
    rateLimit: found.rate_limit,
    timeLimit: found.time_limit,
    softTimeLimit: found.soft_time_limit,
    acksLate: found.acks_late,
    acksOnFailureOrTimeout: found.acks_on_failure_or_timeout,
    ignoreResult: found.ignore_result,
    storeErrorsEvenIfIgnored: found.store_errors_even_if_ignored,
    trackStarted: found.track_started,
    sendEvents: found.send_events,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
