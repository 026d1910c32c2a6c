/** The Python kernel: ipykernel of the interpreter named in the settings. */
import { MissingDependency } from '../errors.ts';
import { findExecutable } from './executable.ts';
import type { KernelSpec } from './kernelspec.ts';

/**
 * libzmq drops what is published while 1000 messages wait to be sent, which a cell that displays in a loop can
 * reach: let more wait.
 */
const KEEP_OUTPUTS =
  '(lambda thread: thread.schedule(lambda: thread.socket.set(__import__("zmq").SNDHWM, 100000)))' +
  '(get_ipython().kernel.iopub_thread)';

/**
 * @param python path of the interpreter, or its name on `searchPath`.
 * @throws MissingDependency when there is no such interpreter.
 */
export async function pythonKernelSpec(python: string, searchPath: string): Promise<KernelSpec> {
  const interpreter = await findExecutable(python, searchPath);
  if (interpreter === null) {
    throw new MissingDependency(
      `There is no Python interpreter "${python}": install Python 3 with "pip install ipykernel", or set OMEGA_PYTHON to one that has it.`,
    );
  }
  return {
    name: 'python3',
    displayName: 'Python 3 (ipykernel)',
    language: 'python',
    argv: [
      interpreter,
      '-m',
      'ipykernel_launcher',
      '-f',
      '{connection_file}',
      '--HistoryManager.hist_file=:memory:',
    ],
    env: {},
    prelude: KEEP_OUTPUTS,
    transport: 'ipc',
    interruptMode: 'signal',
    beatsWhileBusy: true,
    explainExit: (stderr) => (isWithoutIpykernel(stderr) ? missingIpykernel(interpreter) : null),
  };
}

function isWithoutIpykernel(stderr: string): boolean {
  return /No module named '?ipykernel/.test(stderr);
}

function missingIpykernel(interpreter: string): MissingDependency {
  return new MissingDependency(
    `Python notebooks need ipykernel, which ${interpreter} has not: run ${interpreter} -m pip install ipykernel`,
  );
}
