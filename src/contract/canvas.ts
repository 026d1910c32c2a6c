/**
 * The canvas (celery/canvas.py): signatures of several tasks in a row, side by side, or joined. All of it is
 * pure; `om.runtime.apply` sends it.
 */
import { InvalidOptions } from '../errors.ts';
import type {
  AnySignature,
  BeforeOf,
  KindOf,
  Nothing,
  ResultOf,
  Signature,
  SignatureFields,
  SignatureKind,
  Taking,
} from './signature.ts';
import type { TaskDefinition } from './task.ts';
import type { Taken } from './task-signature.ts';

type Signatures = readonly AnySignature[];

/** Results in the order of the signatures; a group among them gives one for each of its members. */
type Results<Members extends Signatures> = Members extends readonly [
  infer First,
  ...infer Rest extends Signatures,
]
  ? [...Given<First>, ...Results<Rest>]
  : Members extends readonly []
    ? []
    : ResultOf<Members[number]>[];

type Given<S> =
  KindOf<S> extends 'group' ? (ResultOf<S> extends readonly unknown[] ? ResultOf<S> : never) : [ResultOf<S>];

/** What all of them can take. */
type BeforeAll<Members extends Signatures> = Members[number] extends infer Member
  ? (Member extends unknown ? (value: BeforeOf<Member>) => void : never) extends (value: infer Before) => void
    ? Before
    : never
  : never;

/** What each step of a chain is given: the first whatever it takes, the others the result before them. */
type GivenValues<Steps extends Signatures> = [
  BeforeOf<Steps[0]>,
  ...{ [Index in keyof Steps]: ResultOf<Steps[Index]> },
];

/** The steps, each of which takes what the one before it gives. */
type Linked<Steps extends Signatures> = {
  [Index in keyof Steps]: Steps[Index] &
    Taking<Steps[Index], Index extends keyof GivenValues<Steps> ? GivenValues<Steps>[Index] : never>;
};

type Last<Steps extends Signatures> = Steps extends readonly [...unknown[], infer Step]
  ? Step
  : Steps[number];

type ChainKind<Steps extends Signatures> =
  KindOf<Last<Steps>> extends infer Kind ? (Kind extends 'group' ? 'chain of a group' : Kind) : never;

/** A chain takes what its first step takes, and gives what its last one gives. */
type Chain<Steps extends Signatures> = Signature<
  BeforeOf<Steps[0]>,
  ResultOf<Last<Steps>>,
  ChainKind<Steps> & SignatureKind
>;

/**
 * Tasks in a row: each takes the result of the one before it as its first positional argument, unless it is
 * immutable. A group in the middle is joined: the step after it takes the list of its results.
 *
 * @throws InvalidOptions for a chain without steps.
 */
export function chain<const Steps extends Signatures>(...steps: Linked<Steps>): Chain<Steps> {
  if (steps.length === 0) throw new InvalidOptions('a chain has no steps: give it at least one signature');
  return composite('chain', { tasks: steps });
}

/** Tasks side by side. In a chain, each of them takes the result before the group. */
export function group<const Members extends Signatures>(
  members: Members,
): Signature<BeforeAll<Members>, Results<Members>, 'group'> {
  return composite('group', { tasks: members });
}

/** What a chord's body is given: the results of its header. */
type Joined<Header> = Header extends Signatures ? Results<Header> : ResultOf<Header>;

type BeforeHeader<Header> = Header extends Signatures ? BeforeAll<Header> : BeforeOf<Header>;

type ChordBody<Header, Body> = Body & Taking<Body, Joined<Header>>;

/**
 * Tasks side by side, and a body that runs once with the list of all their results.
 *
 * @throws InvalidOptions for a chord without a header.
 */
export function chord<
  const Header extends Signatures | Signature<never, readonly unknown[], 'group'>,
  const Body extends AnySignature,
>(
  header: Header,
  body: ChordBody<Header, Body>,
): Signature<BeforeHeader<Header>, ResultOf<Body>, KindOf<Body> & SignatureKind> {
  const members: AnySignature = Array.isArray(header) ? group(header) : (header as AnySignature);
  if (membersOf(members).length === 0) {
    throw new InvalidOptions('a chord has no header: give it the signatures whose results its body takes');
  }
  return composite('chord', { kwargs: {}, header: members, body });
}

/** Runs a task on each item, one after the other in one worker, as one task. Items are first arguments. */
export function map<Fields, Input extends object, Result, Names>(
  task: TaskDefinition<Fields, Input, Result, Names>,
  items: readonly Exclude<Taken<Input, Names>, Nothing>[],
): Signature<unknown, Awaited<Result>[]>;
/** The same for a task by name. */
export function map<Item = unknown, Result = unknown>(
  taskName: string,
  items: readonly Item[],
): Signature<unknown, Result[]>;
export function map(task: string | { readonly name: string }, items: readonly unknown[]): SignatureFields {
  return onEach('celery.map', task, items);
}

/** Positional arguments by the names of the definition; the whole input where it has none. */
type Positional<Input, Names> = Names extends readonly [unknown, ...unknown[]]
  ? { readonly [Index in keyof Names]: Names[Index] extends keyof Input ? Input[Names[Index]] : never }
  : readonly [Input];

/** {@link map} with lists of positional arguments. */
export function starmap<Fields, Input extends object, Result, Names>(
  task: TaskDefinition<Fields, Input, Result, Names>,
  items: readonly Positional<Input, Names>[],
): Signature<unknown, Awaited<Result>[]>;
/** The same for a task by name. */
export function starmap<Item extends readonly unknown[] = readonly unknown[], Result = unknown>(
  taskName: string,
  items: readonly Item[],
): Signature<unknown, Result[]>;
export function starmap(
  task: string | { readonly name: string },
  items: readonly unknown[],
): SignatureFields {
  return onEach('celery.starmap', task, items);
}

/**
 * A group of tasks that each run `size` items, given as lists of positional arguments.
 *
 * @throws InvalidOptions for a size that is no positive integer.
 */
export function chunks<Fields, Input extends object, Result, Names>(
  task: TaskDefinition<Fields, Input, Result, Names>,
  items: readonly Positional<Input, Names>[],
  size: number,
): Signature<unknown, Awaited<Result>[][], 'group'>;
/** The same for a task by name. */
export function chunks<Item extends readonly unknown[] = readonly unknown[], Result = unknown>(
  taskName: string,
  items: readonly Item[],
  size: number,
): Signature<unknown, Result[][], 'group'>;
export function chunks(
  task: string | { readonly name: string },
  items: readonly unknown[],
  size: number,
): SignatureFields {
  if (!Number.isInteger(size) || size < 1) {
    throw new InvalidOptions(`the size of chunks is ${size}: it must be an integer of 1 or more`);
  }
  const parts: SignatureFields[] = [];
  for (let start = 0; start < items.length; start += size) {
    parts.push(onEach('celery.starmap', task, items.slice(start, start + size)));
  }
  return group(parts);
}

/** The signatures that a chain or a group is made of. */
export function membersOf(sig: AnySignature): Signatures {
  const { tasks } = sig.kwargs;
  return Array.isArray(tasks) ? tasks : [];
}

/** What a chord is made of. */
export function chordParts(sig: AnySignature): {
  readonly header: AnySignature;
  readonly body: AnySignature;
} {
  return { header: sig.kwargs.header as AnySignature, body: sig.kwargs.body as AnySignature };
}

function composite(type: 'chain' | 'group' | 'chord', kwargs: SignatureFields['kwargs']): SignatureFields {
  return { task: `celery.${type}`, args: [], kwargs, options: {}, subtask_type: type, immutable: false };
}

/** celery/canvas.py `xmap` and `xstarmap`: the task is named by a signature, whose arguments are not used. */
function onEach(
  name: 'celery.map' | 'celery.starmap',
  task: string | { readonly name: string },
  items: readonly unknown[],
): SignatureFields {
  const named = typeof task === 'string' ? task : task.name;
  const base = { args: [], options: {}, subtask_type: null };
  const kwargs = { task: { ...base, task: named, kwargs: {}, immutable: false }, it: items };
  return { ...base, task: name, kwargs, immutable: true };
}
