/** `omega dead`: the messages that could not run. */
import type { Command } from 'commander';
import { DeadTaskNotFound } from '../../errors.ts';
import { hiddenFields, hideSecretsIn } from '../../protocol/hidden-secrets.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import type { DeadTask, DeadTaskIds, DeadTasks } from '../../runtime/dead-tasks.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { formatTable, print } from '../output.ts';
import { WHOSE_QUEUE } from '../queue-options.ts';

interface DeadOptions extends GlobalOptions {
  readonly queue?: string;
}

interface ManyOptions extends DeadOptions {
  readonly all?: true;
}

/** Most characters of a reason in the table. */
const SHOWN_REASON = 100;
/** Most bytes of a body that are printed. */
const SHOWN_BODY = 10_000;

export function addDeadCommand(program: Command): void {
  const dead = program
    .command('dead')
    .summary('look after the messages that could not run')
    .description(
      'Messages that are no task, tasks that no worker knows, tasks that ended their executor each time, and tasks that RabbitMQ has given up: workers keep them in <queue>.dead.',
    );
  addList(dead);
  addShow(dead);
  addRequeue(dead);
  addDrop(dead);
}

function addList(dead: Command): void {
  const list = withQueue(dead.command('list').description('show them, the oldest first'));
  list.action(async () => {
    const options = list.optsWithGlobals<DeadOptions>();
    const tasks = await withDead(list, options, (messages) => messages.list());
    const rows = tasks.map(({ id, taskName, time, reason }) => [
      id,
      taskName,
      time?.toISOString(),
      reason?.slice(0, SHOWN_REASON),
    ]);
    const text = rows.length === 0 ? 'none' : formatTable(['ID', 'TASK', 'SINCE', 'REASON'], rows);
    print(options, tasks.map(summary), text);
  });
}

function addShow(dead: Command): void {
  const show = withQueue(dead.command('show').description('print one of them')).argument('<id>', 'its id');
  show.action(async (id: string) => {
    const options = show.optsWithGlobals<DeadOptions>();
    const tasks = await withDead(show, options, (messages) => messages.list(Number.POSITIVE_INFINITY));
    const task = tasks.find((candidate) => candidate.id === id);
    if (!task) throw notFound([id]);
    const { headers, body } = task;
    const shown = {
      ...summary(task),
      headers: shownHeaders(headers),
      body: hideSecretsIn(body.subarray(0, SHOWN_BODY).toString()),
      bytes: body.length,
    };
    print(options, shown, formatFields(shown));
  });
}

/** The texts of the arguments as well: another client may have written them with all that is in them. */
function shownHeaders(headers: DeadTask['headers']): Readonly<Record<string, unknown>> {
  const texts = ['argsrepr', 'kwargsrepr'].flatMap((name) => {
    const text = headers[name];
    return typeof text === 'string' ? [[name, hideSecretsIn(text)] as const] : [];
  });
  return { ...hiddenFields(headers), ...Object.fromEntries(texts) };
}

function addRequeue(dead: Command): void {
  addRemoval(dead, {
    name: 'requeue',
    description: 'send them to their queues again, as if they had never run',
    act: async (messages, ids) => ({ requeued: await messages.requeue(ids) }),
    text: 'sent again',
  });
}

function addDrop(dead: Command): void {
  addRemoval(dead, {
    name: 'drop',
    description: 'remove them for good',
    act: async (messages, ids) => ({ dropped: await messages.drop(ids) }),
    text: 'removed',
  });
}

/** A command after which messages are no longer there. */
interface Removal {
  readonly name: string;
  readonly description: string;
  /** Answers with the ids of those that there were, under the name that they have in JSON. */
  act(messages: DeadTasks, ids: DeadTaskIds): Promise<Readonly<Record<string, readonly string[]>>>;
  /** What was done, behind their number. */
  readonly text: string;
}

function addRemoval(dead: Command, { name, description, act, text }: Removal): void {
  const command = withQueue(dead.command(name).description(description))
    .argument('[ids...]', 'which')
    .option('--all', 'all of them');
  command.action(async (ids: string[]) => {
    const options = command.optsWithGlobals<ManyOptions>();
    const which = chosen(command, ids, options);
    const removed = await withDead(command, options, (messages) => act(messages, which));
    const found = Object.values(removed).flat();
    print(options, removed, `${found.length} ${text}`);
    checkFound(which, found);
  });
}

function withQueue(command: Command): Command {
  return command.option(...WHOSE_QUEUE);
}

function withDead<Result>(
  command: Command,
  { queue }: DeadOptions,
  action: (messages: DeadTasks) => Promise<Result>,
): Promise<Result> {
  return withOmega(command, ({ runtime }) => action(runtime.dead(queue)));
}

function chosen(command: Command, ids: readonly string[], { all }: ManyOptions): DeadTaskIds {
  if (all) return 'all';
  return ids.length > 0 ? ids : command.error('error: say which: ids of omega dead list, or --all');
}

/** @throws DeadTaskNotFound for ids that there were none of. */
function checkFound(which: DeadTaskIds, found: readonly string[]): void {
  if (which === 'all') return;
  const missing = which.filter((id) => !found.includes(id));
  if (missing.length > 0) throw notFound(missing);
}

function notFound(ids: readonly string[]): DeadTaskNotFound {
  return new DeadTaskNotFound(`no dead message ${ids.join(', ')}: omega dead list shows those there are`);
}

function summary({ id, taskName, queue, time, reason }: DeadTask) {
  return { id, task: taskName, queue, since: time, reason };
}

function formatFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : pythonRepr(value)}`)
    .join('\n');
}
