/** What the mail servers of Debian that tests start have in common. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface MailServer {
  /** Of implicit TLS, and of STARTTLS. */
  readonly ports: Readonly<Record<'tls' | 'starttls', number>>;
  /** The messages in the mailbox of `name@mote.example`. */
  mailbox(name: string): string[];
  /** What it logged. */
  log(): string;
  close(): Promise<void>;
}

/** The files in a folder, if it is there. */
export function mailsIn(folder: string): string[] {
  return namesIn(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function readOr(path: string, otherwise = ''): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
