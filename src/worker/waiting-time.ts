import { copyReason } from '../protocol/copy.ts';
import { readSentTime } from '../protocol/sent-time.ts';
import type { Request } from './node.ts';

/** Seconds that a task has waited for its first start; null where nobody knows. Clocks of one cluster differ a little. */
export function waitOf({ message, delivery, suspect }: Request): number | null {
  const sent = readSentTime(delivery.properties);
  const hasRun = suspect || copyReason(message) === 'parked';
  if (sent === null || hasRun) return null;
  const due = Math.max(sent, message.eta?.getTime() ?? 0);
  return Math.max(0, (Date.now() - due) / 1000);
}
