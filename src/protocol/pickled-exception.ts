/**
 * Exceptions in pickled results: data of a class and its arguments, which Celery's other serializers write as a dict
 * (celery/backends/base.py `prepare_exception`). The class is named and never looked up.
 */
import { PickledObject } from './pickle-globals.ts';
import { pythonRepr } from './repr.ts';

/** How Celery pickles an exception that cannot be pickled (celery/utils/serialization.py). */
const WRAPPER = 'celery.utils.serialization.UnpickleableExceptionWrapper';
/** What pickles of Python 3 call the built-in exceptions up to protocol 2. */
const PYTHON_2_MODULE = 'exceptions';

/** The exception dict of a pickled exception; everything else stays as it is. */
export function exceptionOf(value: unknown): unknown {
  if (!(value instanceof PickledObject)) return value;
  const { path, args } = value;
  if (path !== WRAPPER) return exceptionDict(value.module, value.name, args);
  const [module, name, inner] = args;
  return exceptionDict(module, name, Array.isArray(inner) ? inner : []);
}

function exceptionDict(module: unknown, name: unknown, args: readonly unknown[]): object {
  return {
    exc_type: name,
    exc_message: args.map((arg) => (arg instanceof PickledObject ? reprOf(arg) : arg)),
    exc_module: module === PYTHON_2_MODULE ? 'builtins' : module,
  };
}

function reprOf({ name, args }: PickledObject): string {
  return `${name}(${args.map((arg) => (arg instanceof PickledObject ? reprOf(arg) : pythonRepr(arg))).join(', ')})`;
}
