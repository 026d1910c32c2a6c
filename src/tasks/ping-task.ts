/** `omegaml.tasks.omega_ping`: answers with what it was given, to show that a worker runs tasks. */
import { PingException } from '../errors.ts';
import { taskKwargs } from './arguments.ts';
import type { BuiltinTask } from './builtin-task.ts';

export const pingTask: BuiltinTask = {
  name: 'omegaml.tasks.omega_ping',
  async run(args, kwargs, { hostname }) {
    const { exception, ...rest } = taskKwargs(kwargs);
    if (exception) throw new PingException('intentional exception caused by exception=True kwarg');
    return {
      message: 'ping return message',
      time: localIsoTime(new Date()),
      args,
      kwargs: rest,
      worker: hostname,
    };
  },
};

/** Local time without an offset and with microseconds, as Python's `datetime.now().isoformat()`. */
function localIsoTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return `${local.toISOString().slice(0, -1)}000`;
}
