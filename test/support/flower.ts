/** A real Flower. */
import { freePort } from '../../src/services/tcp.ts';
import { until } from './broker-harness.ts';
import { startPython } from './celery-process.ts';

interface Flower {
  readonly url: string;
  get<Body = Record<string, unknown>>(path: string): Promise<Body>;
  status(path: string): Promise<number>;
  /** The status of the answer. */
  post(path: string): Promise<number>;
}

export async function startFlower(broker: string): Promise<Flower> {
  const port = await freePort();
  const args = ['-m', 'celery', '-b', broker, 'flower', `--port=${port}`, '--address=127.0.0.1'];
  const flower = startPython(args, { FLOWER_UNAUTHENTICATED_API: 'true' });
  const base = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (flower.process.exitCode !== null) throw new Error(flower.lines.join('\n'));
    return await fetch(`${base}/healthcheck`).then(
      ({ ok }) => ok,
      () => false,
    );
  }, 30_000);
  return {
    url: base,
    get: async <Body>(path: string) => (await (await fetch(base + path)).json()) as Body,
    status: async (path) => (await fetch(base + path)).status,
    post: async (path) => (await fetch(base + path, { method: 'POST' })).status,
  };
}
