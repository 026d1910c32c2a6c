/** Writes tables as CSV. */
import { valueAt } from '../frame/column-rows.ts';
import type { DataFrame } from '../frame/data-frame.ts';

/** The table with a header line (RFC 4180, lines end in \n); named levels of its index come first. */
export function formatCsv(frame: DataFrame): string {
  const index = frame.index.flatMap(({ name, column }) => (name === null ? [] : [[name, column] as const]));
  const columns = [...index, ...frame.columns];
  const lines = [formatLine(columns.map(([name]) => name))];
  for (let row = 0; row < frame.rowCount; row += 1) {
    lines.push(formatLine(columns.map(([, column]) => valueAt(column, row))));
  }
  return `${lines.join('\n')}\n`;
}

function formatLine(values: readonly unknown[]): string {
  // Readers skip blank lines: quoted, the one cell of a line is there, and empty (as pandas writes it).
  return values.map(formatCell).join(',') || '""';
}

function formatCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = toText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function toText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
