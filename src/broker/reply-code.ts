/** AMQP 0-9-1 reply codes, as amqplib attaches them to its errors. */

export const NOT_FOUND = 404;
export const PRECONDITION_FAILED = 406;
/** ACCESS_REFUSED, RESOURCE_LOCKED, PRECONDITION_FAILED: the same declaration is refused again. */
const REFUSALS: readonly unknown[] = [403, 405, PRECONDITION_FAILED];

const BASIC_CLASS = 60;
const PUBLISH_METHOD = 40;

/** The AMQP reply code of an error, such as 404 or 406; undefined when the broker did not send it. */
export function replyCode(error: unknown): number | undefined {
  return numberField(error, 'code');
}

/** Whether the broker has refused a declaration, and will again until an operator changes something. */
export function isDeclarationRefusal(error: unknown): boolean {
  return REFUSALS.includes(replyCode(error));
}

/** Whether the broker closed the channel on account of a `basic.publish`. */
export function isPublishRefusal(error: Error | undefined): error is Error {
  return numberField(error, 'classId') === BASIC_CLASS && numberField(error, 'methodId') === PUBLISH_METHOD;
}

function numberField(error: unknown, name: string): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'number' ? value : undefined;
}
