/** Log lines for the operator about files that cannot be served, with what to do about it. */
import { HttpError } from '../http/errors.ts';
import type { EventLog } from '../observe/log.ts';
import { indexNames } from '../static/locate.ts';
import type { FileSource } from '../static/source.ts';

/** More warnings about files that cannot be read would say nothing new. */
const MAX_WARNED_PATHS = 10;

/** The account of this process as the file system knows it. */
export function accountName(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this account' : `uid ${uid}`;
}

/** Tells the operator of a path that the system does not let this process read. */
export type ReportUnreadable = (path: string) => void;

/** Warns once of each path. */
export function unreadableReport(event: EventLog): ReportUnreadable {
  const warned = new Set<string>();
  return (path) => {
    if (warned.size >= MAX_WARNED_PATHS || warned.has(path)) return;
    warned.add(path);
    event(
      'warn',
      `permission denied for ${accountName()}: chmod a+r the file, and a+x the folders above it`,
      {
        path,
      },
    );
  };
}

/** The same source, which reports each path that the system does not let it read. */
export function reportingSource(source: FileSource, report: ReportUnreadable): FileSource {
  const refuse = (segments: readonly string[], error: unknown): never => {
    if (error instanceof HttpError && error.code === 'forbidden') report(segments.join('/') || '.');
    throw error;
  };
  return {
    open: (segments) => source.open(segments).catch((error) => refuse(segments, error)),
    list: (segments) => source.list(segments).catch((error) => refuse(segments, error)),
  };
}

/** What to do where a folder is served and `/` would not be found. */
export async function missingIndexAdvice(
  source: FileSource,
  { index, listing }: { readonly index: string; readonly listing: boolean },
): Promise<string | undefined> {
  const names = indexNames(index);
  for (const name of names) {
    // The source itself warns of a file that it may not read.
    const found = await source.open([name]).catch(() => undefined);
    if (found?.kind === 'file') await found.file.close();
    if (found?.kind !== 'missing') return undefined;
  }
  if (listing) return undefined;
  return `there is no ${names.join(' or ')}, so that / is not found: add one, or list folders with --listing`;
}
