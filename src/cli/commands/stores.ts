/** `omega datasets|models|jobs`: what is stored. */
import type { Command } from 'commander';
import type { Omega } from '../../omega.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { formatTable, print } from '../output.ts';
import { readBytes, readDataset, readModel, writeObject } from '../stored-files.ts';

/** What the three stores have in common, as the commands use it. */
interface Store {
  readonly name: 'datasets' | 'models' | 'jobs';
  readonly description: string;
  /** What `put` takes. */
  readonly source: string;
  /** Reads the source from disk, and stores it. */
  put(om: Omega, source: string, name: string, options: PutFlags): Promise<{ readonly kind: string }>;
}

interface PutFlags {
  readonly append?: true;
  readonly options?: string;
}

const STORES: readonly Store[] = [
  {
    name: 'datasets',
    description: 'tables, values and files',
    source: 'a .csv, .csv.gz or .json file; any other file is stored as it is',
    put: async (om, source, name, { append = false }) =>
      om.datasets.put(await readDataset(source), name, { append }),
  },
  {
    name: 'models',
    description: 'models and their versions',
    source: 'an .onnx file, or the name of an estimator (RandomForestClassifier, …)',
    put: async (om, source, name, { options }) => om.models.put(await readModel(source, options), name),
  },
  {
    name: 'jobs',
    description: 'notebooks, and the results of their runs',
    source: 'an .ipynb file',
    put: async (om, source, name) => om.jobs.put(await readBytes(source), name),
  },
];

export function addStoreCommands(program: Command): void {
  for (const store of STORES) {
    const group = program
      .command(store.name)
      .summary(store.description)
      .description(`Lists, stores, reads and removes ${store.description}.`);
    addList(program, group, store);
    addPut(program, group, store);
    addGet(program, group, store);
    addDrop(program, group, store);
  }
}

function addList(program: Command, group: Command, { name: store }: Store): void {
  const list = group
    .command('list')
    .description('show the names')
    .argument('[pattern]', 'only names like this one; * stands for anything');
  list.action(async (pattern: string | undefined) => {
    const names = await withOmega(list, (om) => om[store].list(pattern));
    print(program.opts<GlobalOptions>(), names, names.join('\n'));
  });
}

function addPut(program: Command, group: Command, store: Store): void {
  const put = group
    .command('put')
    .description('store an object')
    .argument('<source>', store.source)
    .argument('<name>', 'what to call it');
  if (store.name === 'datasets') put.option('--append', 'add rows to what is there instead of replacing it');
  if (store.name === 'models') put.option('--options <json>', "the estimator's options, as a JSON object");
  put.action(async (source: string, name: string, flags: PutFlags) => {
    const { kind } = await withOmega(put, (om) => store.put(om, source, name, flags));
    print(program.opts<GlobalOptions>(), { name, kind }, formatTable(['NAME', 'KIND'], [[name, kind]]));
  });
}

function addGet(program: Command, group: Command, { name: store }: Store): void {
  const get = group
    .command('get')
    .description('write an object to a file, or print it')
    .argument('<name>', store === 'datasets' ? "what to get; 'sales[x,y]' selects columns" : 'what to get')
    .argument('[file]', 'where to write it (default: standard output)');
  get.action(async (name: string, file: string | undefined) => {
    const value = await withOmega(get, (om) => om[store].get(name));
    await writeObject(value, file, program.opts<GlobalOptions>());
  });
}

function addDrop(program: Command, group: Command, { name: store }: Store): void {
  const drop = group
    .command('drop')
    .description('remove an object')
    .argument('<name>', 'what to remove')
    .option('-f, --force', 'do not mind when there is none');
  drop.action(async (name: string, { force = false }: { readonly force?: boolean }) => {
    const dropped = await withOmega(drop, (om) => om[store].drop(name, { force }));
    print(
      program.opts<GlobalOptions>(),
      { name, dropped },
      dropped ? `dropped ${name}` : `there was no ${name}`,
    );
  });
}
