/** What the oracle finds wrong. */

/** One broken promise. */
export interface Finding {
  /** The invariant (I1, I2, …) that does not hold. */
  readonly invariant: string;
  /** `lost` and `doubled` are counted by the faults that were about. */
  readonly what: 'lost' | 'doubled' | 'wrong';
  readonly text: string;
  /** The task that it is about, if it is about one. */
  readonly taskId?: string;
}

export function lost(invariant: string, text: string, taskId?: string): Finding {
  return { invariant, what: 'lost', text, ...(taskId !== undefined && { taskId }) };
}

export function doubled(invariant: string, text: string, taskId?: string): Finding {
  return { invariant, what: 'doubled', text, ...(taskId !== undefined && { taskId }) };
}

export function wrong(invariant: string, text: string, taskId?: string): Finding {
  return { invariant, what: 'wrong', text, ...(taskId !== undefined && { taskId }) };
}
