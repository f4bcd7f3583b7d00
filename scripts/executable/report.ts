/** Runs a new executable for the first time, and describes it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LeftOut } from '../../src/build/info.ts';

/** A new executable does not work; the message is for the user. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}

/** The output of `mote --version --json`. */
interface About {
  readonly version: string;
  readonly base: string;
  readonly node: string;
  readonly v8: string;
  readonly openssl: string;
  readonly glibc?: string;
  readonly leftOut?: LeftOut;
  readonly sha256: string;
}

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
  const { version, base, node, v8, openssl, glibc, leftOut } = about;
  const versions = [`mote ${version}`, `Node ${node}`, `V8 ${v8}`, `OpenSSL ${openssl}`];
  if (glibc !== undefined) versions.push(`glibc ${glibc}`);
  lines.push(`  base     ${base}`, `  versions ${versions.join(', ')}`);
  if (leftOut) lines.push(`  left out ${describeLeftOut(leftOut)}`);
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
