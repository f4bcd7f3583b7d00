/** Runs a new executable for the first time, and describes it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LeftOut } from '../../src/build/info.ts';

/** A new executable does not work; the message is for the user. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}

/** The output of `mote --version --json`, with the versions of what is inside. */
interface About extends Partial<Readonly<Record<keyof typeof partNames, string>>> {
  readonly version: string;
  readonly base: string;
  readonly leftOut?: LeftOut;
  readonly sha256: string;
}

/** What can be inside, which depends on the base: as people write it, in the order in which it is told. */
const partNames = {
  node: 'Node',
  v8: 'V8',
  openssl: 'OpenSSL',
  glibc: 'glibc',
  quickjs: 'QuickJS',
  mbedtls: 'Mbed TLS',
  zlib: 'zlib',
  musl: 'musl',
} as const;

/**
 * The lines that describe `file`, which will be renamed to `name`. With `canRun`, the file is run to get its
 * versions, and must report the SHA-256 of the bytes that were written.
 *
 * @throws ReportError
 */
export function describeExecutable(file: string, name: string, canRun: boolean): string[] {
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lines = [name, `  size     ${bytes.length} bytes`, `  sha256   ${sha256}`];
  if (!canRun) return [...lines, '  not run: it is for another processor'];
  const about = askForVersions(file);
  if (about.sha256 !== sha256)
    throw new ReportError(`the executable says that its SHA-256 is ${about.sha256}`);
  const titles = Object.entries(partNames).filter(([part]) => Object.hasOwn(about, part));
  const versions = [`mote ${about.version}`].concat(
    titles.map(([part, title]) => `${title} ${about[part as keyof About]}`),
  );
  lines.push(`  base     ${about.base}`, `  versions ${versions.join(', ')}`);
  if (about.leftOut) lines.push(`  left out ${describeLeftOut(about.leftOut)}`);
  return lines;
}

function describeLeftOut({ icu }: LeftOut): string {
  return `${icu.bytes} bytes of ICU's data, which mote never asks for`;
}

function askForVersions(file: string): About {
  try {
    // An empty environment, because variables could configure Node or mote.
    return JSON.parse(
      execFileSync(file, ['--version', '--json'], { env: {}, encoding: 'utf8', stdio: 'pipe' }),
    );
  } catch (error) {
    throw new ReportError(`the executable does not start: ${(error as Error).message.trim()}`);
  }
}
