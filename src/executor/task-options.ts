/** The options of a user-defined task, checked when its module loads. */
import { z } from 'zod';
import type { AnyTask } from '../contract/task.ts';
import { ImproperlyConfigured } from '../errors.ts';

const seconds = z.number().positive();
const match = z.union([
  z.string().min(1),
  z.custom((value) => typeof value === 'function', 'is no class and no name'),
]);
const hook = z.custom((value) => typeof value === 'function', 'is no function');
const HOOKS = ['beforeStart', 'onSuccess', 'onFailure', 'onRetry', 'afterReturn'] as const;

const options = z.object({
  args: z
    .array(z.string().min(1))
    .refine((names) => new Set(names).size === names.length, 'names a field twice')
    .optional(),
  softTimeLimit: seconds.optional(),
  timeLimit: seconds.optional(),
  acksLate: z.boolean().optional(),
  acksOnFailureOrTimeout: z.boolean().optional(),
  rateLimit: z
    .string()
    .regex(
      /^(?=.*[1-9])\d+(\.\d+)?\/[smh]$/,
      "must be a number of runs a second, minute or hour: '10/s', '100/m', '5/h'",
    )
    .optional(),
  ignoreResult: z.boolean().optional(),
  trackStarted: z.boolean().optional(),
  storeErrorsEvenIfIgnored: z.boolean().optional(),
  sendEvents: z.boolean().optional(),
  throws: z.array(match).optional(),
  ...Object.fromEntries(HOOKS.map((name) => [name, hook.optional()])),
  priority: z.int().min(0).max(255).optional(),
  expires: z.union([z.number().min(0), z.date()]).optional(),
  serializer: z.enum(['json', 'yaml', 'msgpack']).optional(),
  compression: z.enum(['gzip', 'zstd']).optional(),
  maxRetries: z.int().min(0).nullable().optional(),
  retryDelay: z.number().min(0).optional(),
  autoRetryFor: z.array(match).optional(),
  dontAutoRetryFor: z.array(match).optional(),
  retryBackoff: z
    .union([
      z.literal(true),
      z.object({ first: seconds.optional(), most: seconds.optional(), jitter: z.boolean().optional() }),
    ])
    .optional(),
  inline: z.boolean().optional(),
});

/** @throws ImproperlyConfigured that names the task, its module, and all options that are wrong. */
export function checkOptions(task: AnyTask, modulePath: string): void {
  const { error } = options.safeParse(task);
  if (!error) return;
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new ImproperlyConfigured(
    `the options of the task '${task.name}' of the module ${modulePath} are wrong: ${problems}. Correct them`,
  );
}
