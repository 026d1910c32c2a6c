import type { KernelTransport } from './connection.ts';
import type { Environment } from './kernel-environment.ts';

/** Type of the message that a fence publishes. */
export const FENCE_TYPE = 'omega_fence';

/** How a kernel is started and spoken to. */
export interface KernelSpec {
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  /** Command line; `{connection_file}` in it stands for the path of the connection file. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly transport: KernelTransport;
  /** By SIGINT to the process group, or by `interrupt_request` on the control channel. */
  readonly interruptMode: 'signal' | 'message';
  /** Whether its heartbeat answers while a cell computes: only then does silence mean that it is frozen. */
  readonly beatsWhileBusy: boolean;
  /**
   * Code that publishes a message of {@link FENCE_TYPE} with `{id}`, for a kernel whose outputs are not ordered with
   * its replies: all outputs of a cell arrive before the fence that is sent after it.
   */
  readonly fence?: (id: string) => string;
  /** Code that is run silently before the first cell. */
  readonly prelude?: string;
  /** The error to report when the kernel ends before it is ready, by its stderr; null for the general one. */
  readonly explainExit?: (stderr: string) => Error | null;
  /** Finds what is wrong with a cell of which the kernel says only that it failed. */
  readonly explainFailure?: (source: string) => Promise<string | null>;
}
