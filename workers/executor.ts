/** Entry of the executor processes that src/executors forks. */
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { loadSettings } from '../src/config.ts';
import type { ExecutorArguments, FromExecutor, ToExecutor } from '../src/contract/ipc.ts';
import { Executor } from '../src/executor/executor.ts';
import { withinMemory } from '../src/executor/memory-share.ts';
import { limitAllocations } from '../src/frame/allocation.ts';
import { notebookEnvironment } from '../src/notebook-environment.ts';
import { builtinTasks } from '../src/tasks/builtin-tasks.ts';

const args: ExecutorArguments = JSON.parse(process.argv[2] ?? '');
const settings = loadSettings(process.env);
const { mongoUrl, bucket, python, frameMemoryLimit } = settings;
const modelCache = withinMemory(settings.modelCache, args.memoryLimit);
const streamAbove = withinMemory(settings.streamAbove, args.memoryLimit);
if (frameMemoryLimit !== undefined) limitAllocations(frameMemoryLimit * 1024);
const packageFolder = fileURLToPath(new URL('.', import.meta.resolve('omegaml-node/package.json')));
/** The whole process group, and no cleaning up: process.exit waits for threads inside native code. */
const die = () => process.kill(-process.pid, 'SIGKILL');
const send = (batch: readonly FromExecutor[], written?: () => void) =>
  process.send?.(batch, () => written?.());

const executor = new Executor({
  ...args,
  ...{ mongoUrl, bucket, modelCache, streamAbove, builtins: builtinTasks },
  notebooks: {
    ...{ python, hostEnv: process.env, packages: { 'omegaml-node': packageFolder } },
    env: notebookEnvironment(settings),
  },
  ...{ send, exit: process.exit, die },
});

// Only the supervisor ends executors: these signals are sent to whole groups or containers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', (batch: readonly ToExecutor[]) => executor.receive(batch));
process.on('disconnect', die);
process.on('uncaughtException', (error) => {
  process.stderr.write(`${inspect(error)}\n`);
  executor.fail(error);
});
await executor.boot();
