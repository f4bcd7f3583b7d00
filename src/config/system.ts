/** The parts of the system that the configuration is read from. */

/** The environment of the process, or a part of it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Gives the text of a file or throws the system's error. */
export type ReadFile = (path: string) => string;
