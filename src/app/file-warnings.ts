/** Log lines for the operator about files that cannot be served, with what to do about it. */
import { HttpError } from '../http/errors.ts';
import type { EventLog } from '../observe/log.ts';
import type { FileSource } from '../static/source.ts';

/** More warnings about files that cannot be read would say nothing new. */
const MAX_WARNED_PATHS = 10;

/** The account of this process as the file system knows it. */
export function accountName(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this account' : `uid ${uid}`;
}

/** The same source, which warns once of each path that the system does not let it read. */
export function warningSource(source: FileSource, event: EventLog): FileSource {
  const warned = new Set<string>();
  const warn = (segments: readonly string[], error: unknown): never => {
    const path = segments.join('/') || '.';
    if (
      error instanceof HttpError &&
      error.code === 'forbidden' &&
      warned.size < MAX_WARNED_PATHS &&
      !warned.has(path)
    ) {
      warned.add(path);
      event(
        'warn',
        `permission denied for ${accountName()}: chmod a+r the file, and a+x the folders above it`,
        {
          path,
        },
      );
    }
    throw error;
  };
  return {
    open: (segments) => source.open(segments).catch((error) => warn(segments, error)),
    list: (segments) => source.list(segments).catch((error) => warn(segments, error)),
  };
}

/** What to do where a folder is served and `/` would not be found. */
export async function missingIndexAdvice(
  source: FileSource,
  { index, listing }: { readonly index: string; readonly listing: boolean },
): Promise<string | undefined> {
  // The source itself warns of a file that it may not read.
  const found = await source.open([index]).catch(() => undefined);
  if (found?.kind === 'file') await found.file.close();
  if (found?.kind !== 'missing' || listing) return undefined;
  return `there is no ${index}, so that / is not found: add one, or list folders with --listing`;
}
