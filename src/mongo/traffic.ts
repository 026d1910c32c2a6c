/** Bytes of stored data and models that this process has read from MongoDB and written to it: of documents, as they are in BSON. */

export interface Traffic {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

let bytesRead = 0;
let bytesWritten = 0;

/** So far. */
export function traffic(): Traffic {
  return { bytesRead, bytesWritten };
}

export function countRead(bytes: number): void {
  bytesRead += bytes;
}

export function countWritten(bytes: number): void {
  bytesWritten += bytes;
}
