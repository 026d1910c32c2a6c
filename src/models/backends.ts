/** The registry of model backends. */
import { KindNotSupported } from '../errors.ts';
import { estimatorBackend } from './estimator-backend.ts';
import { fileBackend } from './file-backend.ts';
import type { ModelBackend, StoredModel } from './model-backend.ts';
import { onnxBackend } from './onnx-backend.ts';

/** Asked in this order, after those that a user registered. */
const BUILT_IN: readonly ModelBackend[] = [estimatorBackend, onnxBackend, fileBackend];

export interface ModelBackends {
  /** Adds a backend, which is asked before all others; replaces one of the same name. */
  register(backend: ModelBackend): void;
  /** @throws KindNotSupported when no backend stores such a value. */
  forValue(value: unknown): ModelBackend;
  /** @throws KindNotSupported when no backend reads these bytes. */
  forStored(stored: StoredModel): ModelBackend;
}

/** The built-in backends (estimators, ONNX, files) and those given, which are asked first. */
export function createModelBackends(given: readonly ModelBackend[] = []): ModelBackends {
  let backends = [...BUILT_IN];
  const registry: ModelBackends = {
    register(backend) {
      backends = [backend, ...backends.filter(({ name }) => name !== backend.name)];
    },
    forValue(value) {
      return (
        backends.find((backend) => backend.supports(value)) ?? unsupported(`a value of ${typeOf(value)}`)
      );
    },
    forStored(stored) {
      return backends.find((backend) => backend.recognizes(stored)) ?? unsupported(`model '${stored.name}'`);
    },
  };
  for (const backend of given.toReversed()) registry.register(backend);
  return registry;

  function unsupported(what: string): never {
    const names = backends.map(({ name }) => name).join(', ');
    throw new KindNotSupported(
      `${what} is of no kind that the model backends (${names}) know: register a backend for it`,
    );
  }
}

function typeOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `type ${value === null ? 'null' : typeof value}`;
  return `class ${value.constructor?.name ?? 'Object'}`;
}
