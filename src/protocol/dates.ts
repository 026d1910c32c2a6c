/** Dates as Python writes them (`datetime.isoformat`), in headers, results and JSON markers. */

const DATETIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2}(?::?\d{2})?)?$/;

/**
 * Reads an ISO 8601 date and time. One without an offset is UTC (Celery's `enable_utc` default); what is
 * finer than a millisecond is lost.
 *
 * @returns null if the text is no such date.
 */
export function parseIsoDateTime(text: string): Date | null {
  const match = DATETIME.exec(text);
  if (match === null) return null;
  const [, day = '', minute = '00:00', second = '00', fraction = '', offset = 'Z'] = match;
  const civil = `${day}T${minute}:${second}`;
  const utc = new Date(`${civil}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  if (Number.isNaN(utc.getTime()) || !utc.toISOString().startsWith(civil)) return null;
  return new Date(utc.getTime() - offsetMs(offset));
}

/**
 * Writes a date as Python does: `2026-01-02T03:04:05.006000+00:00`, without the fraction where it is zero.
 *
 * @returns null for an invalid date and for years that Python has no datetime for (before 1, after 9999).
 */
export function formatIsoDateTime(date: Date): string | null {
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return null;
  const text = date.toISOString().slice(0, -1);
  return `${text.endsWith('.000') ? text.slice(0, -4) : `${text}000`}+00:00`;
}

function offsetMs(offset: string): number {
  if (offset === 'Z') return 0;
  const digits = offset.slice(1).replaceAll(':', '').padEnd(6, '0');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return (offset.startsWith('-') ? -seconds : seconds) * 1000;
}
