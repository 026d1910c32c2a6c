/** Signatures changed: each function gives a new one and leaves its argument as it is. */
import { InvalidOptions } from '../errors.ts';
import { type CallOptions, wireOptions, wireStamps } from './call-options.ts';
import { chordParts, membersOf } from './canvas.ts';
import type { AnySignature, Nothing, ResultOf, Signature, SignatureKind } from './signature.ts';

/** The signature as one that takes nothing from the task before it (Celery's `si`). */
export function immutable<Result, Kind extends SignatureKind>(
  sig: Signature<Nothing, Result, Kind>,
): Signature<unknown, Result, Kind> {
  return takingNothing(sig);
}

/**
 * The signature with further options; they come before those that it has. Options of a chain are those of its
 * first task, options of a group those of each of its tasks, options of a chord those of its body.
 *
 * @throws InvalidOptions
 */
export function withOptions<S extends AnySignature>(sig: S, options: CallOptions): S {
  return { ...sig, options: { ...sig.options, ...wireOptions(options) } };
}

/**
 * The signature with a callback, which is called with its result when it has succeeded.
 *
 * @throws InvalidOptions for a group, whose results come one by one: make it the header of a chord.
 */
export function link<S extends AnySignature>(sig: S, callback: Signature<ResultOf<S>, unknown>): S {
  return linkLast(sig, callback) as S;
}

/**
 * The signature with an error callback, which is called with the id of the task that failed: of whichever task
 * of a chain, of each that fails in a group, of a chord's body, which also fails when its header does.
 */
export function linkError<S extends AnySignature>(sig: S, callback: Signature<string, unknown>): S {
  return linkErrors(sig, callback) as S;
}

/**
 * The signature with stamps on all its tasks, callbacks and error callbacks.
 *
 * @throws InvalidOptions for a name that an option has.
 */
export function stamp<S extends AnySignature>(sig: S, stamps: Readonly<Record<string, unknown>>): S {
  return stampAll(sig, wireStamps(stamps)) as S;
}

function takingNothing(sig: AnySignature): AnySignature {
  if (sig.subtask_type === 'group') return withMembers(sig, membersOf(sig).map(takingNothing));
  if (sig.subtask_type === 'chord') {
    const { header, body } = chordParts(sig);
    return withParts(sig, takingNothing(header), body);
  }
  if (sig.subtask_type !== 'chain') return { ...sig, immutable: true };
  return withMembers(
    sig,
    membersOf(sig).map((step, index) => (index === 0 ? takingNothing(step) : step)),
  );
}

function linkLast(sig: AnySignature, callback: AnySignature): AnySignature {
  if (sig.subtask_type === 'group') {
    throw new InvalidOptions(
      'a group has no callback, its results come one by one: use chord(group, callback), or link its members',
    );
  }
  if (sig.subtask_type === 'chord') {
    const { header, body } = chordParts(sig);
    return withParts(sig, header, linkLast(body, callback));
  }
  if (sig.subtask_type !== 'chain') return append(sig, 'link', callback);
  const steps = membersOf(sig);
  const isLast = (index: number) => index === steps.length - 1;
  return withMembers(
    sig,
    steps.map((step, index) => (isLast(index) ? linkLast(step, callback) : step)),
  );
}

function linkErrors(sig: AnySignature, callback: AnySignature): AnySignature {
  if (sig.subtask_type === 'group' || sig.subtask_type === 'chain') {
    return withMembers(
      sig,
      membersOf(sig).map((member) => linkErrors(member, callback)),
    );
  }
  if (sig.subtask_type !== 'chord') return append(sig, 'link_error', callback);
  const { header, body } = chordParts(sig);
  return withParts(sig, header, linkErrors(body, callback));
}

function stampAll(sig: AnySignature, stamps: Readonly<Record<string, unknown>>): AnySignature {
  if (sig.subtask_type === 'group' || sig.subtask_type === 'chain') {
    return withMembers(
      sig,
      membersOf(sig).map((member) => stampAll(member, stamps)),
    );
  }
  if (sig.subtask_type === 'chord') {
    const { header, body } = chordParts(sig);
    return withParts(sig, stampAll(header, stamps), stampAll(body, stamps));
  }
  const links = Object.fromEntries(
    (['link', 'link_error'] as const)
      .filter((name) => name in sig.options)
      .map((name) => [name, linked(sig, name).map((callback) => stampAll(callback, stamps))]),
  );
  const names = [...new Set([...stampNames(sig.options), ...stampNames(stamps)])];
  return { ...sig, options: { ...sig.options, ...links, ...stamps, stamped_headers: names } };
}

function stampNames(options: Readonly<Record<string, unknown>>): readonly string[] {
  return (options.stamped_headers as readonly string[] | undefined) ?? [];
}

/** One that is there already is not added again, as in Celery. */
function append(sig: AnySignature, name: 'link' | 'link_error', callback: AnySignature): AnySignature {
  const callbacks = linked(sig, name);
  if (callbacks.includes(callback)) return sig;
  return { ...sig, options: { ...sig.options, [name]: [...callbacks, callback] } };
}

function linked(sig: AnySignature, name: 'link' | 'link_error'): readonly AnySignature[] {
  return [(sig.options[name] as AnySignature | readonly AnySignature[] | undefined) ?? []].flat();
}

function withMembers(sig: AnySignature, tasks: readonly AnySignature[]): AnySignature {
  return { ...sig, kwargs: { ...sig.kwargs, tasks } };
}

function withParts(sig: AnySignature, header: AnySignature, body: AnySignature): AnySignature {
  return { ...sig, kwargs: { ...sig.kwargs, header, body } };
}
