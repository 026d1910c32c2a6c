/** How a setting is declared, and the forms of values that several have. */
import { z } from 'zod';

/** Where the value of a setting may come from. */
export interface Origin {
  /** Environment variables, the first that is set wins. Names are omega|ml's where it has the setting. */
  readonly env: readonly string[];
  /** The option of `omega worker`, in commander's syntax. */
  readonly flag?: string;
  /** Whether it is a secret, or a URL that holds one: its value may be in a file that `<variable>_FILE` names. */
  readonly secret?: boolean;
}

/** A setting with its meaning and where its value comes from. */
export function setting<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  origin: Origin,
): Schema {
  return schema.describe(description).meta({ ...origin });
}

/** Something that is on or off, as environment variables say it. */
export const onOff = z.union([z.boolean(), z.stringbool()]);

/** The parts of a list as environment variables hold it. */
export function commaSeparated(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

/** A value of code, or its JSON in an environment variable. */
export function jsonOr<Schema extends z.ZodType>(schema: Schema) {
  return z
    .unknown()
    .transform((value, context): unknown => {
      if (typeof value !== 'string') return value;
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'no JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
