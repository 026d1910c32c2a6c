/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: true;
  readonly loglevel?: string;
}
