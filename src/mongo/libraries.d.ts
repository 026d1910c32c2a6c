/** What src/mongo uses of the driver that the driver does not declare. */
declare module 'mongodb/lib/cmap/commands.js' {
  /** A list of documents that travels beside its command (OP_MSG, section of kind 1). */
  export class DocumentSequence {
    constructor(field: string);
    /**
     * @param document only shown to listeners of commands.
     * @param bytes BSON, of one document or of several in a row.
     */
    push(document: object, bytes: Uint8Array): number;
  }
}
