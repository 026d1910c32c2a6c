/** What goes wrong between a result backend and MongoDB, in this package's errors. */
import { BackendStoreError, OperationalError } from '../errors.ts';
import { isUnavailable } from '../mongo/availability.ts';

/** Runs an operation. @throws OperationalError if MongoDB cannot be reached, BackendStoreError if it refuses. */
export async function reaching<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): OperationalError | BackendStoreError {
  if (error instanceof OperationalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (isUnavailable(error)) {
    return new OperationalError(`the result backend cannot be reached: ${reason}. Is MongoDB running?`, {
      cause: error,
    });
  }
  return new BackendStoreError(
    `the result backend refuses: ${reason}. Check the user's rights and the server's log`,
    {
      cause: error,
    },
  );
}
