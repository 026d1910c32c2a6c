/** What the caller gives to the services: they know no driver, no terminal and no environment of their own. */

export interface ServiceOptions {
  /** Folder for everything the private servers keep, usually `.omega` of the working directory. */
  readonly folder: string;
  /** Read for `OMEGA_MONGO_URL`, `OMEGA_BROKER`, `OMEGA_SERVICES`, `PATH`, `HOME` and `XDG_CACHE_HOME`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs one command on the `admin` database of a MongoDB server. */
  readonly mongoCommand: (
    url: string,
    command: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** Tells the user what takes time. */
  readonly progress: (line: string) => void;
  /** Asks on the terminal; true where there is no terminal to ask on. */
  readonly confirm: (question: string) => Promise<boolean>;
}
