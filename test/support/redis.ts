/** Where the tests find Redis: the one of the environment, else of this machine. */

/** A database that only tests use. Ids are random, so that test files do not meet in it. */
export function redisUrl(): string {
  return process.env.OMEGA_TEST_REDIS ?? 'redis://127.0.0.1:6379/9';
}
