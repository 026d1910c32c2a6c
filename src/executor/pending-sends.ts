/** Signatures that are on their way: each is known by a number until it is answered. */
import { type ErrorCopy, restoreError } from '../contract/error-copy.ts';

interface PendingSend {
  resolve(taskId: string): void;
  reject(error: Error): void;
}

export class PendingSends {
  readonly #pending = new Map<number, PendingSend>();
  #last = 0;

  /** Hands the number of a new one to `send`; resolves or rejects with its answer. */
  open(send: (call: number) => void): Promise<string> {
    this.#last += 1;
    const call = this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      send(call);
    });
  }

  /** An answer to what has been forgotten changes nothing. */
  answer(
    answer: { readonly call: number } & ({ readonly taskId: string } | { readonly error: ErrorCopy }),
  ): void {
    const pending = this.#pending.get(answer.call);
    this.#pending.delete(answer.call);
    if ('error' in answer) pending?.reject(restoreError(answer.error));
    else pending?.resolve(answer.taskId);
  }

  /** Forgets those of a job that has ended: nobody waits for their answers. */
  clear(): void {
    this.#pending.clear();
  }
}
