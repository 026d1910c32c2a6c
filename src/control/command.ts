/** What a command of remote control is. */
import type { Fields } from '../protocol/fields.ts';
import type { ControlledWorker } from './controlled-worker.ts';

/**
 * Carries a command out; its value is the reply. What it throws is answered as an error.
 *
 * @param args the arguments as they came: a command checks what it uses.
 */
type Command = (worker: ControlledWorker, args: Fields) => unknown;

export type Commands = Readonly<Record<string, Command>>;

/** The value of a command that is not answered. */
export const NO_REPLY = Symbol('no reply');
