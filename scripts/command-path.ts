/** Looks for commands as a shell does. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file that the shell would run. */
export function commandPath(command: string, path: string = process.env.PATH ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

/** Whether the shell would find a command. */
export function present(command: string, path?: string): boolean {
  return commandPath(command, path) !== undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
