/** Batches messages: what is pushed in one turn of the event loop leaves as one array. */
export interface Outbox<Message> {
  push(message: Message): void;
  /** Sends now what has been pushed, in order; does nothing when nothing has. */
  flush(): void;
}

/** An outbox in front of `send`. */
export function createOutbox<Message>(send: (batch: readonly Message[]) => void): Outbox<Message> {
  let batch: Message[] = [];
  let timer: NodeJS.Immediate | undefined;

  function flush(): void {
    clearImmediate(timer);
    timer = undefined;
    if (batch.length === 0) return;
    const full = batch;
    batch = [];
    send(full);
  }

  function push(message: Message): void {
    batch.push(message);
    timer ??= setImmediate(flush);
  }

  return { push, flush };
}
