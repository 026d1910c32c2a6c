/** Remote control of the one worker of a place. */
import type { Omega } from '../../src/omega.ts';
import { until } from './broker-harness.ts';
import { type Place, useClient } from './worker.ts';

/** A client of the place, and the nodename of its worker; the vhost may have workers of other tests. */
export async function useControl(place: Place): Promise<{ readonly node: string; readonly om: Omega }> {
  const om = await useClient(place);
  let node: string | undefined;
  await until(async () => {
    const replies = await om.runtime.control.broadcast('ping', {}, { pattern: `${place.queue}-*`, limit: 1 });
    [node] = Object.keys(replies);
    return node !== undefined;
  });
  return { node: node ?? '', om };
}
