/** Versions of servers, as they say them: `3.10.8`, `6.0.5-rc1`. */

export function isOlder(version: string, [major, minor]: readonly [major: number, minor: number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
