/** What the doctor says about one thing. */

export interface Finding {
  /** `broker`, `mongodb`, `machine`. */
  readonly area: string;
  /** `failure`: a worker will not work, or will lose what it promises. `unknown`: it cannot be asked from here. */
  readonly status: 'ok' | 'warning' | 'failure' | 'unknown';
  readonly what: string;
  /** What to change; empty where nothing is to be. */
  readonly remedy: string;
}

/** Findings of one area. */
export function reporter(area: string) {
  return {
    ok: (what: string): Finding => ({ area, status: 'ok', what, remedy: '' }),
    warning: (what: string, remedy: string): Finding => ({ area, status: 'warning', what, remedy }),
    failure: (what: string, remedy: string): Finding => ({ area, status: 'failure', what, remedy }),
    unknown: (what: string, remedy: string): Finding => ({ area, status: 'unknown', what, remedy }),
  };
}

/** Whether a host is this machine: what goes there crosses no network. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);
}
