/** The fields of task events (celery/worker/request.py `send_event`, celery/worker/strategy.py). */
import type { ErrorRecord, JsonText } from '../contract/job.ts';
import { formatIsoDateTime } from './dates.ts';
import { exceptionRepr } from './exception.ts';
import type { Fields } from './fields.ts';
import { hideSecretsIn } from './hidden-secrets.ts';
import { parseJson } from './json.ts';
import { pythonRepr } from './repr.ts';
import type { TaskMessage } from './task-message.ts';

/** A longer result is not read for its `repr`, which is cut at 1024 characters anyway. */
const MAX_READ = 8_192;
/** Characters that are kept of a result that is not read. */
const MAX_SHOWN = 1_024;
/** Characters of a traceback, its end: an event is kept in memory while the broker is away. */
const MAX_TRACEBACK = 8_192;

/** `task-received` */
export function receivedFields(message: TaskMessage): Fields {
  return {
    uuid: message.taskId,
    name: message.taskName,
    args: message.argsRepr,
    kwargs: message.kwargsRepr,
    root_id: message.rootId,
    parent_id: message.parentId,
    retries: message.retries,
    eta: message.eta && formatIsoDateTime(message.eta),
    expires: message.expires && formatIsoDateTime(message.expires),
  };
}

/** `task-succeeded`; `seconds` is the run time, which monitors need as a number. */
export function succeededFields({ taskId }: TaskMessage, result: JsonText, seconds: number): Fields {
  return { uuid: taskId, result: resultRepr(result), runtime: seconds };
}

/** `task-failed` and `task-retried`; without a traceback where the task never ran. */
export function failedFields({ taskId }: TaskMessage, error: ErrorRecord): Fields {
  const { traceback } = error;
  return {
    uuid: taskId,
    exception: exceptionRepr(error),
    ...(traceback !== null && { traceback: traceback.slice(-MAX_TRACEBACK) }),
  };
}

/** Python's `repr` of a result; the text itself where it is too long, or too deep, to be read for that. */
function resultRepr(result: JsonText): string {
  const text = `${hideSecretsIn(result.slice(0, MAX_SHOWN))}...`;
  if (result.length > MAX_READ) return text;
  try {
    return pythonRepr(parseJson(result));
  } catch {
    return text;
  }
}
