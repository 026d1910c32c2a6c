/** What an upgrade could break, beside what the stream of the soak sends. */
import { randomUUID } from 'node:crypto';
import type { Omega } from '../../src/index.ts';
import { signature } from '../../src/index.ts';
import { effect } from '../chaos/tasks.ts';
import { prepareModels } from '../chaos/workload/builtins.ts';
import { canvasKinds } from '../chaos/workload/canvases.ts';
import { singleKinds } from '../chaos/workload/tasks-of-ours.ts';
import type { Kind, Unit } from '../chaos/workload/unit.ts';

/** Models that workers of both versions fit all the time. */
const FITTED = ['slope-1', 'slope-2', 'forest-1', 'forest-2'] as const;
/** A kernel takes a second to start, and is the same for both versions. */
const LEFT_OUT = 'notebook';
/** Seconds: other workers may be there when the message comes back; and it is revoked before, on a busy machine too. */
const REVOKED_WITHIN = [10, 15, 25] as const;

/** Stores data and models, and has models fitted. The workers must run. */
export async function prepareKinds(om: Omega): Promise<readonly Kind[]> {
  const builtins = await prepareModels(om);
  for (const name of FITTED) await om.runtime.model(name).fit('plane[a,b]', 'plane[y]').get();
  return [
    ...[...singleKinds, ...canvasKinds, ...builtins].filter(({ name }) => name !== LEFT_OUT),
    ...[predictFitted, revoked],
  ];
}

/** By a version of the model that workers of either version have stored. */
const predictFitted: Kind = {
  name: 'predict, fitted meanwhile',
  weight: 3,
  make(random): Unit {
    const [id, name] = [randomUUID(), random.pick(FITTED)];
    return {
      expected: [{ id, kind: 'predict, fitted meanwhile', state: 'SUCCESS', leavesTrace: false }],
      send: (om) => om.runtime.model(name, { taskId: id }).predict('plane[a,b]'),
    };
  },
};

/** Revoked while it waits for its time: whoever gets it then must know. */
const revoked: Kind = {
  name: 'revoked',
  weight: 2,
  make(random): Unit {
    const [id, countdown] = [randomUUID(), random.pick(REVOKED_WITHIN)];
    return {
      expected: [{ id, kind: 'revoked', state: 'REVOKED', leavesTrace: false }],
      send(om) {
        const handle = om.runtime.apply(signature(effect, { value: 0 }, { taskId: id }), { countdown });
        return { sent: handle.sent.then(() => handle.revoke()), get: () => handle.get() };
      },
    };
  },
};
