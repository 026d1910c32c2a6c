import { expect, test } from 'vitest';
import { loadSettings } from '../../../src/config.ts';
import type { TaskManifest } from '../../../src/contract/ipc.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';
import { annotatedTasks } from '../../../src/worker/annotations.ts';

function annotated(text: string): Map<string, TaskManifest> {
  const { taskAnnotations } = loadSettings({ OMEGA_TASK_ANNOTATIONS: text });
  return annotatedTasks([manifest('a'), manifest('b')], taskAnnotations);
}

function manifest(name: string): TaskManifest {
  return {
    ...{ name, softTimeLimit: null, timeLimit: 5, rateLimit: null, trackStarted: null },
    ...{ acksLate: true, acksOnFailureOrTimeout: true, sendEvents: true },
    ...{ ignoreResult: false, storeErrorsEvenIfIgnored: false },
  };
}

test('options of all tasks are replaced, then those of one', () => {
  const tasks = annotated('{"*": {"rate_limit": "1/s", "acks_late": false}, "a": {"rate_limit": "5/m"}}');
  expect(tasks.get('a')).toEqual({ ...manifest('a'), rateLimit: '5/m', acksLate: false });
  expect(tasks.get('b')).toEqual({ ...manifest('b'), rateLimit: '1/s', acksLate: false });
});

test('null takes a limit away', () => {
  expect(annotated('{"a": {"time_limit": null}}').get('a')?.timeLimit).toBeNull();
});

test.each(['{', '[]', '{"a": {"rate_limit": "fast"}}', '{"a": {"nope": 1}}'])(
  '%s is no annotation',
  (text) => {
    expect(() => annotated(text)).toThrow(ImproperlyConfigured);
  },
);
