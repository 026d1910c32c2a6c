/** Kills a process group at once (SIGKILL). */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // ESRCH: it is gone. EPERM: nothing but zombies is left of it (macOS), or it changed its user.
  }
}
