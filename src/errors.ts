/**
 * The error catalogue. Every error that a user can meet has a class here, a stable `code`, and the
 * name under which a Python client sees it (`exc_module.exc_type`, Celery's result format:
 * celery/backends/base.py `exception_to_python`).
 *
 * A message says what is wrong, names the thing, and ends with what to do.
 */

/** How an error class appears in a Celery result. */
interface PythonName {
  readonly excType: string;
  readonly excModule: string;
}

const CELERY = 'celery.exceptions';
const PYTHON = 'builtins';

/** Base of all errors thrown by this package. */
export abstract class OmegaError extends Error {
  /** Stable identifier, independent of message and language. */
  abstract readonly code: string;
  /** What a Python client raises for this error. */
  readonly python: PythonName = { excType: 'RuntimeError', excModule: PYTHON };

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Settings, command-line flags or the environment are wrong. Thrown at start-up only. */
export class ImproperlyConfigured extends OmegaError {
  override readonly code = 'CONFIG_INVALID';
  override readonly python = { excType: 'ImproperlyConfigured', excModule: CELERY };
}

/** An optional package is needed and not installed; the message names the install command. */
export class MissingDependency extends OmegaError {
  override readonly code = 'DEPENDENCY_MISSING';
  override readonly python = { excType: 'ImportError', excModule: PYTHON };
}

/** The broker or MongoDB cannot be reached now; trying again later may succeed (kombu's name). */
export class OperationalError extends OmegaError {
  override readonly code = 'SERVICE_UNREACHABLE';
  override readonly python = { excType: 'OperationalError', excModule: 'kombu.exceptions' };
}

/** The broker took a message that no queue receives (AMQP `basic.return` 312 NO_ROUTE). */
export class Unroutable extends OmegaError {
  override readonly code = 'MESSAGE_UNROUTABLE';
}

/** A message is larger than {@link https://www.rabbitmq.com/docs/configure | the broker's limit} allows here. */
export class MessageTooLarge extends OmegaError {
  override readonly code = 'MESSAGE_TOO_LARGE';
}

/** A message is no Celery message; it is rejected and never run. */
export class ProtocolError extends OmegaError {
  override readonly code = 'MESSAGE_MALFORMED';
  override readonly python = { excType: 'DecodeError', excModule: 'kombu.exceptions' };
}

/** A message's content type is not among the accepted ones. */
export class ContentDisallowed extends OmegaError {
  override readonly code = 'CONTENT_DISALLOWED';
  override readonly python = { excType: 'ContentDisallowed', excModule: 'kombu.exceptions' };
}

/** A message is not signed by anybody whose certificate is known here and valid, or was changed since. */
export class SecurityError extends OmegaError {
  override readonly code = 'SIGNATURE_INVALID';
  override readonly python = { excType: 'SecurityError', excModule: CELERY };
}

/** A value cannot be written as JSON, or in the serializer that was asked for. */
export class EncodeError extends OmegaError {
  override readonly code = 'VALUE_NOT_SERIALIZABLE';
  override readonly python = { excType: 'EncodeError', excModule: 'kombu.exceptions' };
}

/** No worker knows a task of this name. */
export class NotRegistered extends OmegaError {
  override readonly code = 'TASK_UNKNOWN';
  override readonly python = { excType: 'NotRegistered', excModule: CELERY };
}

/** A task's arguments do not fit the task. */
export class InvalidTaskError extends OmegaError {
  override readonly code = 'TASK_ARGS_INVALID';
  override readonly python = { excType: 'TypeError', excModule: PYTHON };
}

/** The task was revoked, or expired before it could start. */
export class TaskRevokedError extends OmegaError {
  override readonly code = 'TASK_REVOKED';
  override readonly python = { excType: 'TaskRevokedError', excModule: CELERY };
}

/** The task ran past its soft time limit and was asked to stop. */
export class SoftTimeLimitExceeded extends OmegaError {
  override readonly code = 'SOFT_TIME_LIMIT';
  override readonly python = { excType: 'SoftTimeLimitExceeded', excModule: 'billiard.exceptions' };
}

/** The task ran past its hard time limit; its executor was killed. */
export class TimeLimitExceeded extends OmegaError {
  override readonly code = 'TIME_LIMIT';
  override readonly python = { excType: 'TimeLimitExceeded', excModule: 'billiard.exceptions' };
}

/** The task's executor died again and again: out of memory, a native abort, or a kill. */
export class WorkerLostError extends OmegaError {
  override readonly code = 'EXECUTOR_LOST';
  override readonly python = { excType: 'WorkerLostError', excModule: 'billiard.exceptions' };
}

/** The client waited longer than it was told to. The task itself is not affected. */
export class ResultTimeout extends OmegaError {
  override readonly code = 'RESULT_TIMEOUT';
  override readonly python = { excType: 'TimeoutError', excModule: CELERY };
}

/** A task failed; carries what the worker reported. Thrown to a client that awaits the result. */
export class TaskFailed extends OmegaError {
  override readonly code = 'TASK_FAILED';
  readonly taskId: string;
  /** The class that the worker reported, for example `DatasetNotFound` or Python's `ValueError`. */
  readonly excType: string;
  /** The worker's traceback, null where it sent none. */
  readonly traceback: string | null;

  constructor(taskId: string, excType: string, message: string, traceback: string | null) {
    super(`${excType}: ${message}`);
    this.taskId = taskId;
    this.excType = excType;
    this.traceback = traceback;
  }
}

/** The name of a dataset, model, notebook or queue, or a projection in it, is not well-formed. */
export class InvalidName extends OmegaError {
  override readonly code = 'NAME_INVALID';
  override readonly python = { excType: 'ValueError', excModule: PYTHON };
}

/** There is no dataset of this name. */
export class DatasetNotFound extends OmegaError {
  override readonly code = 'DATASET_NOT_FOUND';
  override readonly python = { excType: 'KeyError', excModule: PYTHON };
}

/** There is no model of this name. */
export class ModelNotFound extends OmegaError {
  override readonly code = 'MODEL_NOT_FOUND';
  override readonly python = { excType: 'KeyError', excModule: PYTHON };
}

/** There is no notebook of this name. */
export class NotebookNotFound extends OmegaError {
  override readonly code = 'NOTEBOOK_NOT_FOUND';
  override readonly python = { excType: 'KeyError', excModule: PYTHON };
}

/** There is no saved group of this id. */
export class GroupNotFound extends OmegaError {
  override readonly code = 'GROUP_NOT_FOUND';
  override readonly python = { excType: 'KeyError', excModule: PYTHON };
}

/** There is no dead message of this id. */
export class DeadTaskNotFound extends OmegaError {
  override readonly code = 'DEAD_TASK_NOT_FOUND';
  override readonly python = { excType: 'KeyError', excModule: PYTHON };
}

/** No registered kind can store this value, or read what is stored. */
export class KindNotSupported extends OmegaError {
  override readonly code = 'KIND_NOT_SUPPORTED';
  override readonly python = { excType: 'TypeError', excModule: PYTHON };
}

/** What is stored cannot be read as the kind it claims to be. */
export class CorruptObject extends OmegaError {
  override readonly code = 'OBJECT_CORRUPT';
  override readonly python = { excType: 'ValueError', excModule: PYTHON };
}

/** The model has not been fitted. */
export class NotFitted extends OmegaError {
  override readonly code = 'MODEL_NOT_FITTED';
  override readonly python = { excType: 'NotFittedError', excModule: 'sklearn.exceptions' };
}

/** This cannot be done here: predict_proba of a regression, fit of an ONNX file, a chord without stored results. */
export class OperationNotSupported extends OmegaError {
  override readonly code = 'OPERATION_NOT_SUPPORTED';
  override readonly python = { excType: 'NotImplementedError', excModule: PYTHON };
}

/** The data do not fit the model: columns, types, labels, rows, missing values. */
export class InvalidData extends OmegaError {
  override readonly code = 'DATA_INVALID';
  override readonly python = { excType: 'ValueError', excModule: PYTHON };
}

/** Columns would take more memory than they may in one executor. */
export class MemoryLimitExceeded extends OmegaError {
  override readonly code = 'MEMORY_LIMIT';
  override readonly python = { excType: 'MemoryError', excModule: PYTHON };
}

/** Options are wrong: those of an estimator, or of a call of a task. */
export class InvalidOptions extends OmegaError {
  override readonly code = 'OPTIONS_INVALID';
  override readonly python = { excType: 'ValueError', excModule: PYTHON };
}

/** The stored bytes are no notebook of nbformat 4. */
export class InvalidNotebook extends OmegaError {
  override readonly code = 'NOTEBOOK_INVALID';
  override readonly python = { excType: 'ValueError', excModule: PYTHON };
}

/** A notebook's kernel could not be started, or died. */
export class KernelDied extends OmegaError {
  override readonly code = 'KERNEL_DIED';
  override readonly python = { excType: 'DeadKernelError', excModule: 'nbclient.exceptions' };
}

/** The ping task was asked to fail (`exception=True`). */
export class PingException extends OmegaError {
  override readonly code = 'PING_EXCEPTION';
}

/** The result backend does not take results as it is set up; the tasks are not acknowledged. */
export class BackendStoreError extends OmegaError {
  override readonly code = 'RESULT_NOT_STORED';
  override readonly python = { excType: 'BackendStoreError', excModule: CELERY };
}

/** The result backend can never hold this result: a rule of the collection forbids it, for example. */
export class ResultRefused extends OmegaError {
  override readonly code = 'RESULT_REFUSED';
  override readonly python = { excType: 'BackendStoreError', excModule: CELERY };
}

/** A message cannot be sent: AMQP has no room for one of its properties, or the broker refuses it. */
export class MessageRefused extends OmegaError {
  override readonly code = 'MESSAGE_REFUSED';
}

/** A task took more memory than it may: than the heap of its thread has, or than an executor may take. */
export class OutOfMemory extends OmegaError {
  override readonly code = 'OUT_OF_MEMORY';
  override readonly python = { excType: 'MemoryError', excModule: PYTHON };
}

/** A task ended the thread that it ran in. */
export class ThreadExited extends OmegaError {
  override readonly code = 'THREAD_EXITED';
  override readonly python = { excType: 'WorkerLostError', excModule: 'billiard.exceptions' };
}

/** A cell of a notebook, or its whole run, took longer than its time limit. */
export class CellTimeout extends OmegaError {
  override readonly code = 'CELL_TIME_LIMIT';
  override readonly python = { excType: 'CellTimeoutError', excModule: 'nbclient.exceptions' };
}

/** Some messages of a canvas were sent and others were not; the first error is its `cause`. */
export class PartlySent extends OmegaError {
  override readonly code = 'CANVAS_PARTLY_SENT';
  /** Ids of the tasks whose messages the broker has confirmed: they run. */
  readonly sentIds: readonly string[];
  /** Ids of the tasks whose messages failed, or were not published any more. */
  readonly unsentIds: readonly string[];

  constructor(
    message: string,
    options: ErrorOptions & Partial<Pick<PartlySent, 'sentIds' | 'unsentIds'>> = {},
  ) {
    super(message, options);
    this.sentIds = options.sentIds ?? [];
    this.unsentIds = options.unsentIds ?? [];
  }
}

/** A task has been retried as often as it may be. */
export class MaxRetriesExceededError extends OmegaError {
  override readonly code = 'RETRIES_EXHAUSTED';
  override readonly python = { excType: 'MaxRetriesExceededError', excModule: CELERY };
}

/** A task of a chord's header failed, so that its body cannot run. */
export class ChordError extends OmegaError {
  override readonly code = 'CHORD_FAILED';
  override readonly python = { excType: 'ChordError', excModule: CELERY };
}

/**
 * Base of what a task throws to say how it goes on (Celery's `TaskPredicate`): no failure. A task that catches
 * errors lets these through.
 */
export abstract class TaskPredicate extends OmegaError {}

interface RetryDetails extends ErrorOptions {
  readonly countdown?: number;
  readonly input?: string | null;
}

/** The task runs again later: `context.retry()`. `cause` is why. */
export class Retry extends TaskPredicate {
  override readonly code = 'TASK_RETRY';
  override readonly python = { excType: 'Retry', excModule: CELERY };
  /** Seconds until then. */
  readonly countdown: number;
  /** JSON text of `[args, kwargs]` of the next run; null: those of this one. */
  readonly input: string | null;

  constructor(message: string, { countdown = 180, input = null, ...options }: RetryDetails = {}) {
    super(message, options);
    this.countdown = countdown;
    this.input = input;
  }
}

/** The task ends without a result: `context.ignore()`. */
export class Ignore extends TaskPredicate {
  override readonly code = 'TASK_IGNORED';
  override readonly python = { excType: 'Ignore', excModule: CELERY };
}

/** The task's message is rejected or goes back to its queue: `context.reject()`. */
export class Reject extends TaskPredicate {
  override readonly code = 'TASK_REJECTED';
  override readonly python = { excType: 'Reject', excModule: CELERY };
  readonly requeue: boolean;

  constructor(message: string, { requeue = false }: { readonly requeue?: boolean } = {}) {
    super(message);
    this.requeue = requeue;
  }
}

/** Another signature takes the task's place: `context.replace()`. */
export class Replace extends TaskPredicate {
  override readonly code = 'TASK_REPLACED';
  override readonly python = { excType: 'Ignore', excModule: CELERY };
  /** JSON text of the signature; empty for none. */
  readonly signature: string;

  constructor(message: string, { signature = '' }: { readonly signature?: string } = {}) {
    super(message);
    this.signature = signature;
  }
}
