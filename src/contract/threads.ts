/** The port through which pure computation reaches the threads of its executor. */

/**
 * A function that runs in a thread, named so that both sides can find it. Its input and output are
 * structured-cloneable; typed arrays over SharedArrayBuffer are shared, not copied.
 */
export interface Kernel<Input, Output> {
  readonly name: string;
  readonly run: (input: Input) => Output | Promise<Output>;
}

export interface Threads {
  /** How many cores this executor may use now; changes while a task runs. */
  readonly cores: number;

  /**
   * Runs a kernel in a thread. Calls beyond `cores` wait their turn.
   *
   * @throws what the kernel threw, its class restored for errors of the catalogue.
   */
  run<Input, Output>(kernel: Kernel<Input, Output>, input: Input, signal?: AbortSignal): Promise<Output>;
}
