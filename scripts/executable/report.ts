/** What was built: run for the first time, and described. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** An executable that was built and does not work; the message is for the user. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}

/** What `mote --version --json` says of an executable. */
interface About {
  readonly version: string;
  readonly base: string;
  readonly node: string;
  readonly v8: string;
  readonly openssl: string;
  readonly glibc?: string;
  readonly sha256: string;
}

/**
 * The lines that describe `file`, which is to become `name`. Where `canRun`, the file is asked for its
 * versions; it must then find in itself the very bytes that were written.
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
  const { version, base, node, v8, openssl, glibc } = about;
  const versions = [`mote ${version}`, `Node ${node}`, `V8 ${v8}`, `OpenSSL ${openssl}`];
  if (glibc !== undefined) versions.push(`glibc ${glibc}`);
  return [...lines, `  base     ${base}`, `  versions ${versions.join(', ')}`];
}

function askForVersions(file: string): About {
  try {
    // Without the environment, which could configure Node or mote.
    return JSON.parse(
      execFileSync(file, ['--version', '--json'], { env: {}, encoding: 'utf8', stdio: 'pipe' }),
    );
  } catch (error) {
    throw new ReportError(`the executable does not start: ${(error as Error).message.trim()}`);
  }
}
