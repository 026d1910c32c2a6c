/** `omegaml.tasks.omega_preload`: reads models before they are asked for. */
import { InvalidTaskError } from '../errors.ts';
import { requiredText, taskKwargs } from './arguments.ts';
import type { BuiltinTask } from './builtin-task.ts';

const NAME = 'omegaml.tasks.omega_preload';

/**
 * Takes names of models, each as an argument or all in a list, and keeps them ready in the executor that runs the
 * task, as far as its cache has room. The result are the names.
 */
export const preloadTask: BuiltinTask = {
  name: NAME,
  async run(args, kwargs, context) {
    const { items = [], ...others } = taskKwargs(kwargs);
    const [unknown] = Object.keys(others);
    if (unknown !== undefined)
      throw new InvalidTaskError(`${NAME} has no argument '${unknown}': send (*items)`);
    const names = [...args.flat(), ...[items].flat()].map((item) => requiredText(NAME, 'items', item));
    const om = context.om.bucket(
      kwargs.__bucket == null ? null : requiredText(NAME, '__bucket', kwargs.__bucket),
    );
    for (const name of names) {
      const model = await om.models.open(name);
      await model.preload(context);
    }
    return names;
  },
};
