/** What keeps files from being served, told to the operator once, with what to do about it. */
import { HttpError } from '../http/errors.ts';
import type { EventLog } from '../observe/log.ts';
import type { FileSource } from '../static/source.ts';

/** Files that cannot be read are told up to this many; one who has seen these knows. */
const MAX_TOLD_PATHS = 10;

/** Who this process is to the file system, where there are such numbers. */
export function account(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this account' : `uid ${uid}`;
}

/** The same source, which tells of each path that the system does not let it read. */
export function tellingSource(source: FileSource, event: EventLog): FileSource {
  const told = new Set<string>();
  const tell = (segments: readonly string[], error: unknown): never => {
    const path = segments.join('/') || '.';
    if (
      error instanceof HttpError &&
      error.code === 'forbidden' &&
      told.size < MAX_TOLD_PATHS &&
      !told.has(path)
    ) {
      told.add(path);
      event('warn', `permission denied for ${account()}: chmod a+r the file, and a+x the folders above it`, {
        path,
      });
    }
    throw error;
  };
  return {
    open: (segments) => source.open(segments).catch((error) => tell(segments, error)),
    list: (segments) => source.list(segments).catch((error) => tell(segments, error)),
  };
}

/** For the start of serving a folder: what to do where `/` would be nothing. */
export async function adviceFor(
  source: FileSource,
  { index, listing }: { readonly index: string; readonly listing: boolean },
): Promise<string | undefined> {
  // What may not be read is told by the source.
  const found = await source.open([index]).catch(() => undefined);
  if (found?.kind === 'file') await found.file.close();
  if (found?.kind !== 'missing' || listing) return undefined;
  return `there is no ${index}, so that / is not found: put one there, or list folders with --listing`;
}
