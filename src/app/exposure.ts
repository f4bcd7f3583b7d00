/**
 * Whether what must stay secret would be served with the rest of the root. Names are compared by real paths, and
 * every name that leads to a secret counts: a link to it inside of the root is one `--symlinks` away from being
 * followed, and a name with a dot in front one `--dotfiles`.
 */
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ConfigurationError } from './configuration-error.ts';

/** What mote itself has read or will write, and nobody else may see. */
export interface PrivatePaths {
  /** The configuration, and what it and the environment name for tokens and passwords. */
  readonly files: readonly string[];
  /** The folder of messages, which need not exist yet; empty for none. */
  readonly spool: string;
}

/** Linux follows as many on the way to a file. */
const MAX_LINKS = 40;

/** Throws a {@link ConfigurationError}. `root` is the folder or the file that is served. */
export function refuseExposure(root: string, { files, spool }: PrivatePaths): void {
  const real = realpathSync.native(root);
  const shownRoot = shownPath(root, real);
  const problems = [...new Set(files)]
    .filter((file) => isReachable(file, real))
    .map(
      (file) =>
        `${quoted(file)}: ${belongsElsewhere(realPlace(file) === real ? 'is' : 'lies in', shownRoot)}`,
    );
  if (spool !== '' && isReachable(spool, real))
    problems.push(`--spool: ${quoted(spool)} ${belongsElsewhere('lies in', shownRoot)}`);
  else if (spool !== '' && holds(realPlace(spool), real))
    problems.push(`--spool: ${quoted(spool)} holds ${shownRoot}, which is served; serve another folder`);
  if (problems.length > 0) throw new ConfigurationError('secret_exposed', problems);
}

function belongsElsewhere(where: string, root: string): string {
  return `${where} ${root}, so that everybody could read it; move it out of there, or serve another folder`;
}

function isReachable(path: string, realRoot: string): boolean {
  return placesOf(path).some((place) => holds(realRoot, place));
}

/** Whether `place` is `folder` or lies in it. */
function holds(folder: string, place: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Where it is, and every name on the way there: links are followed one by one, the outermost first. */
function placesOf(path: string): string[] {
  // What comes before a `..` may be a link, so that the text alone says nothing.
  const places = [realPlace(path)];
  for (let next: string | undefined = resolve(path); next !== undefined && places.length <= MAX_LINKS; ) {
    places.push(next);
    next = withoutFirstLink(next);
  }
  return places;
}

/** `undefined` where no part of the path is a link. */
function withoutFirstLink(path: string): string | undefined {
  const parts = path.split(sep);
  for (let length = 1; length <= parts.length; length += 1) {
    const place = parts.slice(0, length).join(sep);
    const target = place === '' ? undefined : targetOf(place);
    if (target !== undefined) return resolve(dirname(place), target, ...parts.slice(length));
  }
  return undefined;
}

/** The real path, also of what does not exist yet: it would be made in the real path of its folder. */
function realPlace(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const whole = resolve(path);
    const parent = dirname(whole);
    return parent === whole ? whole : join(realPlace(parent), basename(whole));
  }
}

/** The target of a link; `undefined` for anything else. */
function targetOf(place: string): string | undefined {
  try {
    return readlinkSync(place);
  } catch {
    return undefined;
  }
}

function shownPath(given: string, real: string): string {
  return given === real ? `the root ${quoted(given)}` : `the root ${quoted(given)} (${quoted(real)})`;
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
