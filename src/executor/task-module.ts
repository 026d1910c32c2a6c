import { pathToFileURL } from 'node:url';
import type { AnyTask } from '../contract/task.ts';
import { ImproperlyConfigured } from '../errors.ts';

/**
 * The tasks that a module exports, by whatever names; one that is exported twice counts once.
 *
 * @param path absolute path of a module in JavaScript.
 * @throws ImproperlyConfigured when it does not load or exports no task.
 */
export async function importTasks(path: string): Promise<AnyTask[]> {
  const exported = await load(path);
  const tasks = [...new Set(Object.values(exported).filter(isTask))];
  if (tasks.length > 0) return tasks;
  throw new ImproperlyConfigured(
    `the module ${path} exports no task: export const add = task({ name, input, run })`,
  );
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const remedy = /\.[cm]?tsx?$/.test(path) ? 'compile it to JavaScript first' : 'correct it';
    throw new ImproperlyConfigured(`the module of tasks ${path} does not load (${reason}): ${remedy}`, {
      cause: error,
    });
  }
}

/** By its shape: a module may have been written against another copy of this package. */
function isTask(value: unknown): value is AnyTask {
  if (typeof value !== 'object' || value === null) return false;
  const { name, input, run } = value as Partial<Record<keyof AnyTask, unknown>>;
  return typeof name === 'string' && name !== '' && typeof run === 'function' && isSchema(input);
}

/** Standard Schema: https://standardschema.dev. Some libraries' schemas are functions. */
function isSchema(value: unknown): boolean {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
}
