/** What commands print: text for people, or one JSON value for programs. */
import Table from 'cli-table3';
import { stringifyJson } from '../protocol/json.ts';
import type { GlobalOptions } from './global-options.ts';

/** Prints the value as JSON when that was asked for, else the text. */
export function print({ json }: GlobalOptions, value: unknown, text: string): void {
  const shown = json ? stringifyJson(value) : text;
  if (shown !== '') process.stdout.write(`${shown}\n`);
}

/** A table without a frame: aligned columns under a header. */
export function formatTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const none = { mid: '', left: '', 'left-mid': '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };
  const edges = {
    'top-left': '',
    'top-right': '',
    'bottom-left': '',
    'bottom-right': '',
    top: '',
    bottom: '',
  };
  const table = new Table({
    head: [...header],
    chars: { ...none, ...edges, 'top-mid': '', 'bottom-mid': '' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(row.map((cell) => String(cell ?? '')));
  return table.toString().replaceAll(/ +$/gm, '');
}

/** The replies of workers, each under its nodename as `celery inspect` shows them. */
export function formatReplies(replies: Readonly<Record<string, unknown>>): string {
  return Object.entries(replies).map(formatReply).join('\n');
}

function formatReply([node, value]: readonly [string, unknown]): string {
  const { ok, error } = isAnswer(value) ? value : {};
  const body = ok ?? error ?? value;
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const status = error === undefined ? 'OK' : 'ERROR';
  return `${node}: ${status}\n${text.replaceAll(/^/gm, '  ')}`;
}

function isAnswer(value: unknown): value is { readonly ok?: unknown; readonly error?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
