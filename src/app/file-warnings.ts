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

/** The options that decide what a folder needs. */
export interface FolderNeeds {
  readonly index: string;
  readonly listing: boolean;
  readonly spa: boolean;
  readonly notFound: string;
}

/** What to do where a folder is served and `/` would not be found. */
export async function missingIndexAdvice(
  source: FileSource,
  { index, listing }: Pick<FolderNeeds, 'index' | 'listing'>,
): Promise<string | undefined> {
  if (listing || !(await lacksIndex(source, index))) return undefined;
  const names = indexNames(index).join(' or ');
  return `there is no ${names}, so that / is not found: add one, or list folders with --listing`;
}

/** Where build tools put the site that somebody probably means. */
const BUILT_SITES = ['dist', 'build', 'public', 'out', '_site', 'web_root'];

/** What the folder lacks, for a person who looks at the start of the server. */
export async function folderHints(source: FileSource, needs: FolderNeeds): Promise<string[]> {
  const advice = await missingIndexAdvice(source, needs);
  if (advice !== undefined) {
    const built = await builtSiteIn(source, needs.index);
    return [built === undefined ? advice : `${advice}, or serve its folder ${built}, which has one`];
  }
  const { notFound, index, spa } = needs;
  // A folder without an index is a folder of files, which needs no such page.
  if (spa || (await lacksIndex(source, index)) || !(await isMissing(source, [notFound]))) return [];
  return [`there is no ${notFound}: what is not found gets a plain page`];
}

async function builtSiteIn(source: FileSource, index: string): Promise<string | undefined> {
  for (const folder of BUILT_SITES) {
    if (!(await lacksIndex(source, index, folder))) return folder;
  }
  return undefined;
}

/** Whether a folder has none of the files that are served for it. */
async function lacksIndex(source: FileSource, index: string, ...folder: string[]): Promise<boolean> {
  for (const name of indexNames(index)) {
    if (!(await isMissing(source, [...folder, name]))) return false;
  }
  return true;
}

/** The source itself warns of a file that it may not read. */
async function isMissing(source: FileSource, segments: readonly string[]): Promise<boolean> {
  const found = await source.open(segments).catch(() => undefined);
  if (found?.kind === 'file') await found.file.close();
  return found?.kind === 'missing';
}
