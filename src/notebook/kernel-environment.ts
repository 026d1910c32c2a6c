/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a kernel may see of its worker's environment: what programs need to run, no settings, no secrets. */
const PASSED_ON = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'XDG_CACHE_HOME',
]);

/** Where programs are on most systems, for a worker whose own PATH is not known. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The environment of a kernel: the harmless part of the worker's, then each of `given`, the last one wins. */
export function kernelEnvironment(
  host: Environment,
  ...given: readonly Environment[]
): Record<string, string> {
  const passed = Object.entries(host).filter(([name]) => PASSED_ON.has(name) || name.startsWith('LC_'));
  const all = [['PATH', DEFAULT_PATH], ...passed, ...given.flatMap((each) => Object.entries(each))];
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
