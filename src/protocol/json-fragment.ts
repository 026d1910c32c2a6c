/** JSON text among values that are to be written as JSON: a task's result that becomes the argument of the next. */
import type { JsonText } from '../contract/job.ts';

/** It is written as it is: neither read nor changed, so that a number stays what Python wrote. */
export class JsonFragment {
  readonly text: JsonText;

  constructor(text: JsonText) {
    this.text = text;
  }
}
