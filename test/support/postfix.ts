/**
 * Debian's postfix, as an operator would run it for submission, but with folders of its own: implicit TLS and
 * STARTTLS, login by a Dovecot that is played here, mailboxes for `mote.example`. It wants the super-user.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { lacking } from '../../scripts/test/lacking.ts';
import { certificate, key } from './certificates.ts';
import { freePort } from './free-port.ts';
import { type Account, type MailServer, mailsIn, readOr } from './mail-server.ts';
import { eventually } from './raw.ts';

/** Why it cannot run here, or `false`. */
export const noPostfix: string | false = obstacle();

function obstacle(): string | false {
  const missing = lacking({ postfix: 'postfix' });
  return missing || (process.getuid?.() === 0 ? false : 'postfix needs the super-user');
}

const PATIENCE_MS = 30_000;
/** The mailboxes that there are. */
const NAMES = ['ann', 'bob'];
/** Whose mail it is; anybody but the super-user. */
const OWNER = 65_534;
const DOMAIN = 'mote.example';

export async function startPostfix(account: Account): Promise<MailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mote-postfix-'));
  const logins = await startLogins(account);
  const [tls, starttls] = [await freePort(), await freePort()];
  writeSettings(folder, (logins.address() as AddressInfo).port);
  writeServices(folder, { tls, starttls });
  const program = spawn('postfix', ['-c', join(folder, 'etc'), 'start-fg'], { stdio: 'ignore' });
  const ended = once(program, 'exit');
  const log = () => readOr(join(folder, 'log'));
  // What was started is a script; it ends with its child, which is a leader of its own.
  const stop = () => {
    const pid = Number(readOr(join(folder, 'queue', 'pid', 'master.pid')));
    if (pid > 0) process.kill(pid);
    else program.kill();
  };
  const close = async () => {
    stop();
    await ended;
    logins.close();
    rmSync(folder, { recursive: true });
  };
  try {
    await eventually(PATIENCE_MS, log, (lines) => {
      if (program.exitCode !== null) throw new Error(`postfix ended with ${program.exitCode}`);
      return lines.includes('daemon started');
    });
  } catch (error) {
    const reason = `${error}\n${log()}`;
    await close();
    throw new Error(reason);
  }
  const mailbox = (name: string) => mailsIn(join(folder, 'mail', name, 'new'));
  return { ports: { tls, starttls }, mailbox, log, close };
}

function writeSettings(folder: string, loginPort: number): void {
  const [etc, mail] = [join(folder, 'etc'), join(folder, 'mail')];
  // The services of postfix have accounts of their own.
  chmodSync(folder, 0o755);
  for (const path of [etc, mail, join(folder, 'queue'), join(folder, 'data')]) mkdirSync(path);
  chownSync(mail, OWNER, OWNER);
  execFileSync('chown', ['postfix', join(folder, 'data')]);
  writeFileSync(join(etc, 'tls.pem'), `${key}${certificate}`, { mode: 0o600 });
  const mailboxes = NAMES.map((name) => `{ ${name}@${DOMAIN} = ${name}/ }`).join(' ');
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    maillog_file: join(folder, 'log'),
    maillog_file_prefixes: folder,
    inet_protocols: 'ipv4',
    myhostname: 'localhost',
    mydestination: '',
    mynetworks: '',
    alias_maps: '',
    virtual_mailbox_domains: DOMAIN,
    virtual_mailbox_base: mail,
    virtual_mailbox_maps: `inline:{ ${mailboxes} }`,
    virtual_uid_maps: `static:${OWNER}`,
    virtual_gid_maps: `static:${OWNER}`,
    smtpd_tls_chain_files: join(etc, 'tls.pem'),
    smtpd_tls_auth_only: 'yes',
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: `inet:127.0.0.1:${loginPort}`,
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(join(etc, 'main.cf'), lines.join(''));
}

/** The columns: name, kind, private, unprivileged, chroot, wake-up, how many, command. */
function writeServices(folder: string, { tls, starttls }: MailServer['ports']): void {
  const services = [
    `127.0.0.1:${tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes`,
    `127.0.0.1:${starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt`,
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    ...['bounce', 'defer', 'trace'].map((name) => `${name} unix - - n - 0 bounce`),
    'proxymap unix - - n - - proxymap',
    ...['error', 'retry'].map((name) => `${name} unix - - n - - error`),
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
  writeFileSync(join(folder, 'etc', 'master.cf'), services.map((line) => `${line}\n`).join(''));
}

/** The part of Dovecot that postfix asks about logins (its authentication protocol, version 1.1), for PLAIN. */
async function startLogins({ user, password }: Account): Promise<Server> {
  const right = Buffer.from(`\0${user}\0${password}`).toString('base64');
  const serve = (socket: Socket): void => {
    socket.on('error', () => undefined).unref();
    const say = (...fields: string[]) => socket.write(`${fields.join('\t')}\n`);
    say('VERSION', '1', '1');
    say('MECH', 'PLAIN', 'plaintext');
    say('SPID', String(process.pid));
    say('CUID', '1');
    say('DONE');
    createInterface({ input: socket }).on('line', (line) => {
      const [command, id = '', ...fields] = line.split('\t');
      if (command !== 'AUTH') return;
      if (fields.includes(`resp=${right}`)) say('OK', id, `user=${user}`);
      else say('FAIL', id, `user=${user}`);
    });
  };
  const server = createServer(serve).listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return server;
}
