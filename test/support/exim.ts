/**
 * Debian's exim4, as an operator would run it for submission, but with folders of its own: implicit TLS and STARTTLS,
 * login by PLAIN or LOGIN, mailboxes for `mote.example`. It wants the super-user.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../scripts/command-path.ts';
import { certificate, key } from './certificates.ts';
import { freePort } from './free-port.ts';
import { type Account, type MailServer, mailsIn, readOr } from './mail-server.ts';
import { eventually } from './raw.ts';

/** Exim wants it before it reads anything; its package makes it. */
const EXIM_USER = 'Debian-exim';

/** Why it cannot run here, or `false`. */
export const noExim: string | false = obstacle();

function obstacle(): string | false {
  // To install its package would remove that of postfix.
  if (!present('exim4')) return 'exim4 is missing; .ci/run unpacks it';
  if (process.getuid?.() !== 0) return 'exim4 needs the super-user';
  return idsOf(EXIM_USER) ? false : `exim4 needs the user ${EXIM_USER}`;
}

/** User and group, by the lines of the system's users. */
function idsOf(name: string): readonly [uid: number, gid: number] | undefined {
  const line = readOr('/etc/passwd')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined ? undefined : [Number(uid), Number(gid)];
}

const PATIENCE_MS = 30_000;

type Mechanism = 'PLAIN' | 'LOGIN';

/** @param mechanism the only one for logins */
export async function startExim(account: Account, mechanism: Mechanism): Promise<MailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mote-exim-'));
  const [tls, starttls] = [await freePort(), await freePort()];
  const [uid, gid] = idsOf(EXIM_USER) ?? [0, 0];
  writeFileSync(join(folder, 'tls.pem'), `${key}${certificate}`);
  writeFileSync(join(folder, 'settings'), settings(folder, account, mechanism, { tls, starttls }));
  for (const name of ['spool', 'log', 'mail']) mkdirSync(join(folder, name));
  for (const path of ['.', 'tls.pem', 'spool', 'log', 'mail']) chownSync(join(folder, path), uid, gid);
  const log = () => readOr(join(folder, 'log', 'main'));
  // In the foreground.
  const program = spawn('exim4', ['-C', join(folder, 'settings'), '-bdf'], {
    stdio: 'ignore',
  });
  const ended = once(program, 'exit');
  const close = async () => {
    program.kill();
    await ended;
    // Deliveries outlive the daemon by a moment.
    rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    await eventually(PATIENCE_MS, log, (lines) => {
      if (program.exitCode !== null) throw new Error(`exim4 ended with ${program.exitCode}`);
      return lines.includes('daemon started');
    });
  } catch (error) {
    const reason = `${error}\n${log()}${readOr(join(folder, 'log', 'panic'))}`;
    await close();
    throw new Error(reason);
  }
  return {
    ports: { tls, starttls },
    mailbox: (name) => mailsIn(join(folder, 'mail', name, 'new')),
    log,
    close,
  };
}

function settings(
  folder: string,
  account: Account,
  mechanism: Mechanism,
  { tls, starttls }: MailServer['ports'],
): string {
  return `
primary_hostname = localhost
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%s
pid_file_path = ${folder}/pid
exim_user = ${EXIM_USER}
deliver_drop_privilege = true
disable_ipv6 = true
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${tls} : ${starttls}
tls_on_connect_ports = ${tls}
tls_certificate = ${folder}/tls.pem
tls_advertise_hosts = *
auth_advertise_hosts = \${if def:tls_in_cipher{*}{}}
smtp_accept_queue_per_connection = 0
log_selector = +smtp_connection
keep_environment =
acl_smtp_rcpt = recipients
acl_smtp_data = contents
domainlist local_domains = mote.example

begin acl
recipients:
  deny
    !authenticated = *
    message = 5.7.1 Log in first
  deny
    !local_parts = ann : bob
    message = 5.1.1 Who?
  accept
contents:
  accept

begin routers
all:
  driver = accept
  transport = mailboxes

begin transports
mailboxes:
  driver = appendfile
  maildir_format
  create_directory
  directory = ${folder}/mail/\${if eq{$local_part}{ann}{ann}{bob}}

begin authenticators
${authenticator(account, mechanism)}`;
}

function authenticator({ user, password }: Account, mechanism: Mechanism): string {
  const [name, secret] =
    mechanism === 'PLAIN' ? (['$auth2', '$auth3'] as const) : (['$auth1', '$auth2'] as const);
  const is = (variable: string, text: string) =>
    `{eq{\${base64:${variable}}}{${Buffer.from(text).toString('base64')}}}`;
  return `
${mechanism.toLowerCase()}:
  driver = plaintext
  public_name = ${mechanism}
  server_prompts = ${mechanism === 'PLAIN' ? ':' : 'Username:: : Password::'}
  server_condition = \${if and{${is(name, user)}${is(secret, password)}}}
  server_set_id = ${name}
`;
}
