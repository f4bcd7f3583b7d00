/**
 * The files of rules in the root of a site: `_redirects` and `_headers`. They are never served, and read again like any
 * other file. What reads and applies them is loaded only if there is one.
 */
import { Turns } from '../util/turns.ts';
import { readContent } from './content.ts';
import type { BadLine } from './rules/lines.ts';
import type { SiteRules } from './rules/site-rules.ts';
import type { FileSource, Found } from './source.ts';

const REDIRECTS = '_redirects';
const HEADERS = '_headers';
const NAMES = [REDIRECTS, HEADERS] as const;

/**
 * How long the files are not looked at again. Whatever else is in memory is used for 900 ms, and the files of rules are
 * looked at whenever something else is: so both together stay within a second.
 */
const FRESH_MS = 100;
/** 2,100 rules of 500 bytes. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Bad lines of one file that are told; a binary file has thousands. */
const MAX_TOLD_LINES = 20;
/** Editors and shells of Windows write it. */
const isUtf16 = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xfe;
const BAD_LINK = 'it is a link out of the root or to a hidden file';

/** What became of the files: the lines of the log, for people. */
export interface RuleReport {
  /** Equal for equal files. */
  readonly key: string;
  readonly rules: string;
  readonly warnings: readonly string[];
}

interface RuleFile {
  readonly version: string;
  readonly tag: string;
  readonly text: string;
  readonly problem: string | undefined;
}

const NO_FILE: RuleFile = { version: '', tag: '', text: '', problem: undefined };

export class RuleFiles {
  readonly #source: FileSource;
  #files: readonly [redirects: RuleFile, headers: RuleFile] = [NO_FILE, NO_FILE];
  #current: SiteRules | undefined;
  #report: RuleReport | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;
  #onReport: ((report: RuleReport) => void) | undefined;
  readonly #onChange: (() => void)[] = [];
  readonly #turns = new Turns();

  /** `source` has the files of rules, unlike what is served. */
  constructor(source: FileSource) {
    this.#source = source;
  }

  /** `undefined` if there are none. */
  get current(): SiteRules | undefined {
    return this.#current;
  }

  /** Reports what was found at the start, if there are rules, and every change from then on. */
  tell(onReport: (report: RuleReport) => void): void {
    this.watch(onReport);
    if (this.#report) onReport(this.#report);
  }

  /** Reports every change from now on. */
  watch(onReport: (report: RuleReport) => void): void {
    this.#onReport = onReport;
  }

  /** Called when the rules have changed, before anything is served by the new ones. */
  onChange(listener: () => void): void {
    this.#onChange.push(listener);
  }

  /** Looks at the files, if need be. Never rejects: what cannot be read now stays as it was. */
  refresh(): Promise<void> | undefined {
    if (this.#pending) return this.#pending;
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs < FRESH_MS) return undefined;
    this.#checkedMs = nowMs;
    this.#pending = this.#check().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #check(): Promise<void> {
    const [redirects, headers] = this.#files;
    const found = await Promise.all([
      this.#read(REDIRECTS, redirects).catch(() => redirects),
      this.#read(HEADERS, headers).catch(() => headers),
    ]);
    const isChanged = found.map(({ tag, problem }, at) => {
      const before = this.#files[at] as RuleFile;
      return tag !== before.tag || problem !== before.problem;
    });
    this.#files = found;
    if (!isChanged.includes(true)) return;
    const { compileRules } = await import('./rules/site-rules.ts');
    const { rules, badRedirects, badHeaders } = await this.#turns.run(
      compileRules(found[0].text, found[1].text),
    );
    this.#current = rules;
    this.#report = {
      key: found.map(({ tag, problem }) => tag + problem).join(),
      rules: `the rules of the site: ${rules?.redirects.length ?? 0} of ${REDIRECTS}, ${rules?.headers.length ?? 0} of ${HEADERS}`,
      warnings: [
        ...(isChanged[0] ? warningsFor(REDIRECTS, found[0], badRedirects) : []),
        ...(isChanged[1] ? warningsFor(HEADERS, found[1], badHeaders) : []),
      ],
    };
    for (const listener of this.#onChange) listener();
    this.#onReport?.(this.#report);
  }

  async #read(name: string, before: RuleFile): Promise<RuleFile> {
    const found = await this.#source.open([name]);
    if (found.kind === 'missing') return found.isBadLink ? { ...NO_FILE, problem: BAD_LINK } : NO_FILE;
    if (found.kind === 'folder') return { ...NO_FILE, problem: 'it is a folder' };
    const { file } = found;
    try {
      const { version, size } = file;
      if (version === before.version) return before;
      if (size > MAX_FILE_BYTES)
        return { ...NO_FILE, version, problem: `it has more than ${MAX_FILE_BYTES} bytes` };
      const { bytes, tag } = await readContent(file, MAX_FILE_BYTES);
      if (bytes && isUtf16(bytes)) return { ...NO_FILE, version, problem: 'it is UTF-16; save it as UTF-8' };
      return { version, tag, text: bytes?.toString() ?? '', problem: undefined };
    } finally {
      await file.close();
    }
  }
}

/** Reads the files for the first time. */
export async function openRuleFiles(source: FileSource): Promise<RuleFiles> {
  const files = new RuleFiles(source);
  await files.refresh();
  return files;
}

function warningsFor(name: string, { problem }: RuleFile, badLines: readonly BadLine[]): string[] {
  if (problem !== undefined) return [`${name} is ignored: ${problem}`];
  const told = badLines
    .slice(0, MAX_TOLD_LINES)
    .map(({ line, reason }) => `${name} line ${line} is skipped: ${reason}`);
  const more = badLines.length - told.length;
  return more > 0 ? [...told, `${name}: ${more} more lines are skipped`] : told;
}

/** The same source without the files of rules. */
export function withoutRuleFiles(source: FileSource): FileSource {
  const missing: Found = { kind: 'missing' };
  return {
    open: async (segments) => (isRuleFile(segments) ? missing : source.open(segments)),
    async list(segments) {
      const listing = await source.list(segments);
      if (segments.length > 0) return listing;
      return { ...listing, entries: listing.entries.filter(({ name }) => !isRuleFile([name])) };
    },
  };
}

/** In any case of letters: some file systems do not tell them apart. */
function isRuleFile(segments: readonly string[]): boolean {
  const [name = '', ...others] = segments;
  return name.startsWith('_') && others.length === 0 && NAMES.some((one) => one === name.toLowerCase());
}
