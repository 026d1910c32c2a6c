/** Dates as Python writes them (`datetime.isoformat`), in headers, results and JSON markers. */

const DAY_MS = 86_400_000;

/** A calendar date, a week date or an ordinal date, the last two with or without dashes. */
const DATE =
  /^(?<year>\d{4})(?:-(?<month>\d\d)(?:-(?<day>\d\d))?|(?<monthAndDay>\d{4})|-?W(?<week>\d\d)(?:-?(?<weekday>[1-7]))?|-?(?<ordinal>\d{3}))?(?=\D|$)/;
const TIME =
  /^\D(?<hour>\d\d)(?::?(?<minute>\d\d)(?::?(?<second>\d\d)(?:[.,](?<fraction>\d{1,20}))?)?)?(?<offset>Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads an ISO 8601 date and time, in the forms that Celery reads (dateutil `isoparse`). One without an offset is
 * UTC (Celery's `enable_utc` default); what is finer than a millisecond is lost.
 *
 * @returns null if the text is no such date.
 */
export function parseIsoDateTime(text: string): Date | null {
  const date = DATE.exec(text);
  const day = date && dayOf(date.groups ?? {});
  if (date === null || day === null) return null;
  const rest = text.slice(date[0].length);
  if (rest === '') return new Date(day);
  const time = TIME.exec(rest);
  const milliseconds = time && timeOf(time.groups ?? {});
  return milliseconds === null ? null : new Date(day + milliseconds);
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

type Groups = Readonly<Record<string, string | undefined>>;

/** The first moment of a day, null for one that no calendar has. */
function dayOf({ year = '', month, day, monthAndDay, week, weekday, ordinal }: Groups): number | null {
  const january1 = Date.parse(`${year}-01-01T00:00:00Z`);
  if (year === '0000') return null;
  if (week !== undefined) return dayOfWeek(january1, Number(week), Number(weekday ?? 1));
  if (ordinal !== undefined) return dayOfYear(january1, Number(ordinal));
  const civil = `${year}-${month ?? monthAndDay?.slice(0, 2) ?? '01'}-${day ?? monthAndDay?.slice(2) ?? '01'}`;
  const time = Date.parse(`${civil}T00:00:00Z`);
  const isThere = !Number.isNaN(time) && new Date(time).toISOString().startsWith(civil);
  return isThere ? time : null;
}

/** Week 1 is the one with January 4th. */
function dayOfWeek(january1: number, week: number, weekday: number): number | null {
  const january4 = january1 + 3 * DAY_MS;
  const monday = january4 - ((new Date(january4).getUTCDay() + 6) % 7) * DAY_MS;
  return week >= 1 && week <= 53 ? monday + ((week - 1) * 7 + weekday - 1) * DAY_MS : null;
}

function dayOfYear(january1: number, ordinal: number): number | null {
  const time = january1 + (ordinal - 1) * DAY_MS;
  return new Date(time).getUTCFullYear() === new Date(january1).getUTCFullYear() ? time : null;
}

/** Milliseconds since midnight in UTC, null for a time that no clock shows; 24:00 is the end of the day. */
function timeOf({
  hour = '',
  minute = '0',
  second = '0',
  fraction = '',
  offset = 'Z',
}: Groups): number | null {
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + milliseconds;
  const isOnClock = Number(minute) < 60 && Number(second) < 60 && time <= DAY_MS;
  const shift = offsetMs(offset);
  return isOnClock && Math.abs(shift) < DAY_MS ? time - shift : null;
}

function offsetMs(offset: string): number {
  if (offset === 'Z' || offset === 'z') return 0;
  const digits = offset.slice(1).replaceAll(':', '').padEnd(6, '0');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return (offset.startsWith('-') ? -seconds : seconds) * 1000;
}
