/** What the end of a task leads to, besides its own result: each one is carried out on its own (consequences.ts). */
import type { ErrorRecord, JsonText } from '../contract/job.ts';
import type { Applied } from '../protocol/canvas.ts';
import type { Fields } from '../protocol/fields.ts';
import type { ResultAddress } from '../protocol/result.ts';
import type { TaskMessage } from '../protocol/task-message.ts';

/** A task as far as others wait for its end. */
export interface AwaitedTask extends ResultAddress {
  readonly taskName: string;
  readonly rootId: string | null;
  readonly groupIndex: number | null;
  readonly embed: TaskMessage['embed'];
  /** Whether nobody wants its result. */
  readonly ignoreResult: boolean;
}

/** One task of a chord's header has ended. */
export interface ChordPartEnd {
  readonly taskId: string;
  readonly groupId: string;
  readonly groupIndex: number | null;
  /** The chord's body, as it is on the wire. */
  readonly body: Fields;
  readonly state: string;
  /** The value, or the exception dict. */
  readonly result: JsonText;
}

export type Consequence =
  /** Tasks are sent; `isCopy`: they may have been sent before. */
  | { readonly kind: 'send'; readonly applied: Applied; readonly isCopy: boolean }
  /** A task has failed, or never can run; `isStored`: its own result says so already. */
  | {
      readonly kind: 'failure';
      readonly task: AwaitedTask;
      readonly error: ErrorRecord;
      readonly isStored: boolean;
      readonly isCopy: boolean;
    }
  | { readonly kind: 'part'; readonly part: ChordPartEnd };
