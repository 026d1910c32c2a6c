/** What the executors see: the worker's environment, since tasks are the user's code, without secrets they do not need. */
import { type Settings, secretVariables } from '../config.ts';
import { notebookEnvironment } from '../notebook-environment.ts';
import { type Environment, fileVariable } from '../secret-files.ts';

/** The settings in force that executors need, over the worker's environment. */
export function executorEnvironment(settings: Settings, environment: Environment): Record<string, string> {
  const withheld = new Set(secretVariables().flatMap((variable) => [variable, fileVariable(variable)]));
  const given = Object.entries(environment).filter(([variable]) => !withheld.has(variable));
  const all: Environment = {
    // By default each thread keeps memory of its own that it has freed: a streaming executor took 90 MB more.
    MALLOC_ARENA_MAX: '2',
    ...Object.fromEntries(given),
    ...notebookEnvironment(settings),
    OMEGA_MONGO_URL: settings.mongoUrl,
    OMEGA_PYTHON: settings.python,
    OMEGA_LOGLEVEL: settings.logLevel,
    OMEGA_FRAME_MEMORY_LIMIT: settings.frameMemoryLimit?.toString(),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
