/**
 * Arguments as they may be shown: in events, logs, results and replies of remote control. What stands under a name such
 * as `password` or omega|ml's `__auth` is not shown, nor is the password in a URL. The task itself gets all of it.
 */
import { type Fields, isFields } from './fields.ts';
import { hidePasswordsIn, MASK } from './hidden-password.ts';

interface TaskArguments {
  readonly args: readonly unknown[];
  readonly kwargs: Fields;
}

/** Whole words: `api_token` is a secret, `max_tokens` and `tokenizer` are not. */
const SECRET_NAME =
  /^_*auth$|passw(or)?d|passphrase|secret|credential|authorization|cookie|(^|[_-])pwd$|(api|access|private|signing|encryption)[_-]?key|(^|[_-])token$|[a-z]Token$/i;

/** Not anchored: a first look at texts, most of which hold no secret. */
const SECRET_NAME_ANYWHERE = /auth|passw|passphrase|secret|credential|cookie|pwd|key|token/i;

/** A name in quotes, and what leads to its value, in Python's `repr` and in JSON. */
const NAME_AND_COLON = /(['"])([^'"\\]{1,100})\1\s*:\s*/g;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** Whether what has this name is not to be shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The arguments of a task, with a mask for each secret in them. */
export function hideSecrets({ args, kwargs }: TaskArguments): TaskArguments {
  return { args: args.map(hidden), kwargs: hiddenFields(kwargs) };
}

/** As {@link hideSecrets}, of fields. */
export function hiddenFields(fields: Fields): Record<string, unknown> {
  const shown = Object.entries(fields).map(([name, value]) => [
    name,
    isSecretName(name) ? MASK : hidden(value),
  ]);
  return Object.fromEntries(shown);
}

function hidden(value: unknown): unknown {
  if (typeof value === 'string') return hidePasswordsIn(value);
  if (Array.isArray(value)) return value.map(hidden);
  return isFields(value) ? hiddenFields(value) : value;
}

/** A `repr` by Python or a JSON text, maybe cut off, with a mask for each secret in it. */
export function hideSecretsIn(text: string): string {
  if (!SECRET_NAME_ANYWHERE.test(text)) return hidePasswordsIn(text);
  const parts: string[] = [];
  let shown = 0;
  for (const { 0: found, 2: name = '', index } of text.matchAll(NAME_AND_COLON)) {
    if (index < shown || !isSecretName(name)) continue;
    const start = index + found.length;
    parts.push(text.slice(shown, start), `'${MASK}'`);
    shown = endOfValue(text, start);
  }
  return hidePasswordsIn([...parts, text.slice(shown)].join(''));
}

/** Where a value ends: its string, its brackets, or what is before the next comma; the text's end if it is cut off. */
function endOfValue(text: string, start: number): number {
  const open: string[] = [];
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (open.length === 0 && ',}])'.includes(character)) return at;
    if (character === '"' || character === "'") at = endOfString(text, at);
    else if (CLOSING[character]) open.push(CLOSING[character]);
    else if (character === open.at(-1)) open.pop();
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1;
    else if (text.charAt(at) === quote) return at;
  }
  return text.length;
}
