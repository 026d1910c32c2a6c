/** What an executor can run, by task name. */
import type { Manifest, TaskManifest } from '../contract/ipc.ts';
import type { AnyTask, TaskOptions } from '../contract/task.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { BuiltinTask } from '../tasks/builtin-task.ts';
import { type MapTask, mapTasks } from './map-task.ts';
import { importTasks } from './task-module.ts';
import { checkOptions } from './task-options.ts';

export interface CustomTask {
  readonly kind: 'custom';
  readonly task: AnyTask;
  readonly modulePath: string;
}

export type RegisteredTask =
  | { readonly kind: 'builtin'; readonly task: BuiltinTask }
  | { readonly kind: 'map'; readonly task: MapTask }
  | CustomTask;

export type TaskRegistry = ReadonlyMap<string, RegisteredTask>;

/**
 * The built-in tasks and those of the modules.
 *
 * @throws ImproperlyConfigured when a module does not load, a task has wrong options, or two tasks have one name.
 */
export async function loadTasks(
  builtins: readonly BuiltinTask[],
  modulePaths: readonly string[],
): Promise<TaskRegistry> {
  const registry = new Map<string, RegisteredTask>();
  for (const task of builtins) registry.set(task.name, { kind: 'builtin', task });
  for (const task of mapTasks) registry.set(task.name, { kind: 'map', task });
  for (const modulePath of new Set(modulePaths)) {
    for (const task of await importTasks(modulePath)) {
      checkOptions(task, modulePath);
      register(registry, { kind: 'custom', task, modulePath });
    }
  }
  return registry;
}

/** What the supervisor must know of the tasks. */
export function manifestOf(registry: TaskRegistry): Manifest {
  return { tasks: [...registry.values()].map(describe) };
}

function register(registry: Map<string, RegisteredTask>, added: CustomTask): void {
  const { name } = added.task;
  const known = registry.get(name);
  if (known === undefined) {
    registry.set(name, added);
    return;
  }
  // The same object, exported again by a second module, is the same task.
  if (known.task === added.task) return;
  throw new ImproperlyConfigured(
    `two tasks are named '${name}', one of ${originOf(known)}, one of ${originOf(added)}: rename one of them`,
  );
}

function originOf(registered: RegisteredTask): string {
  return registered.kind === 'custom' ? `the module ${registered.modulePath}` : 'omega|ml';
}

function describe({ kind, task }: RegisteredTask): TaskManifest {
  const options: TaskOptions = kind === 'custom' ? task : {};
  return {
    name: task.name,
    softTimeLimit: options.softTimeLimit ?? null,
    timeLimit: options.timeLimit ?? null,
    acksLate: options.acksLate ?? true,
    acksOnFailureOrTimeout: options.acksOnFailureOrTimeout ?? true,
    rateLimit: options.rateLimit ?? null,
    ignoreResult: options.ignoreResult ?? false,
    storeErrorsEvenIfIgnored: options.storeErrorsEvenIfIgnored ?? false,
    trackStarted: options.trackStarted ?? null,
    sendEvents: options.sendEvents ?? true,
  };
}
