/**
 * The command line: `run` chooses the command and returns the exit code. Arguments, environment and signals are read
 * only here, so that all of it can be tested in process.
 */
import { readFileSync } from 'node:fs';
import { buildInfo } from '../build/info.ts';
import { VERSION } from '../build/version.ts';
import { operandsOf } from '../config/commands.ts';
import { type Invocation, loadLazily } from '../config/load.ts';
import { parseProbeUrl } from '../config/parse.ts';
import { refused } from '../config/problems.ts';
import type { Env } from '../config/system.ts';
import { usage, usageOf } from '../config/usage.ts';
import { lookOf } from '../observe/look.ts';
import { printable } from '../util/printable.ts';
import { checkEnvironment } from './environment.ts';
import { reportFailure } from './failure.ts';
import { healthcheck, probe } from './healthcheck.ts';
import { inheritedSockets } from './inherited-sockets.ts';
import { complain, FAILED, type Io, OK, say } from './io.ts';
import { signalQueue } from './signals.ts';

/** Runs one command to its end and returns the exit code. Never rejects. */
export async function run(argv: readonly string[], env: Env, io: Io): Promise<number> {
  try {
    return await runCommand(argv, env, io);
  } catch (error) {
    return reportFailure(io, error);
  }
}

async function runCommand(argv: readonly string[], env: Env, io: Io): Promise<number> {
  const texts = new Map<string, string>();
  const loading = loadLazily(argv, env, (path) => {
    const text = readText(path);
    texts.set(path, text);
    return text;
  });
  const loaded = loading instanceof Promise ? await loading : loading;
  if (!loaded.ok) return complain(io, loaded.error);
  const invocation = loaded.value;
  switch (invocation.command) {
    case 'help':
      return help(io, invocation);
    case 'version':
      return say(
        io,
        invocation.json ? await (await import('./version.ts')).describeVersion() : `mote ${VERSION}`,
      );
    case 'licenses':
      return say(io, (await import('../build/licenses.ts')).readLicenses());
    case 'healthcheck':
      return checkHealth(io, invocation);
    case 'hash-password':
      return printHash(io, invocation);
    case 'token':
      return (await import('./token.ts')).printToken(io);
    case 'hash-token':
      return (await import('./token.ts')).printTokenHash(io);
    case 'notify-test':
      return (await import('./notify-test.ts')).notifyTest(io, invocation);
    case 'completion':
      return printCompletion(io, invocation);
    case 'spool':
      return (await import('./spool.ts')).spoolCommand(
        io,
        invocation.config,
        invocation.caFile,
        invocation.args,
      );
    case 'serve': {
      // First of all: as PID 1 a signal without a listener would be lost.
      const signals = signalQueue(io);
      checkEnvironment(buildInfo.base, env);
      const { config, origins, notify, notice, files, caFile } = invocation;
      const look = lookOf(io.isShown, env);
      const options = { origins, notify, notice, files, caFile, workingFolder: env.PWD, look };
      const sockets = inheritedSockets(env, process.pid);
      const { serve } = await import('./serve.ts');
      const program = { argv, texts: Object.fromEntries(texts), script: ownScript(io.script) };
      return serve(io, config, { ...options, ...(sockets && { sockets }) }, signals, program);
    }
  }
}

/** What stands in front of the arguments of this program; an executable has its options and its script inside. */
function ownScript(script: readonly string[]): readonly string[] {
  if (buildInfo.base === 'seal') return [];
  return buildInfo.base === 'pkg' ? script.slice(-1) : script;
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function help(io: Io, { args: [topic] }: Invocation): number | Promise<number> {
  if (topic === undefined) return say(io, usage());
  const text = usageOf(topic);
  return text.ok ? say(io, text.value) : complain(io, [text.error]);
}

async function printCompletion(io: Io, { args: [shell = ''] }: Invocation): Promise<number> {
  const { completionOf, isShell } = await import('../config/completion.ts');
  return isShell(shell)
    ? say(io, completionOf(shell))
    : complain(io, [refused('completion', shell, operandsOf('completion'))]);
}

async function checkHealth(io: Io, { args: [text], config, caFile }: Invocation): Promise<number> {
  const url = text === undefined ? undefined : parseProbeUrl(text);
  if (url && !url.ok) return complain(io, [refused('healthcheck', withoutPassword(text), url.error)]);
  const health = await (url ? probe(url.value, { caFile, readFile: readText }) : healthcheck(config));
  if (health.kind === 'healthy') return OK;
  io.stderr.write(`mote: unhealthy: ${printable(health.reason)}\n`);
  return FAILED;
}

/** A password in the URL may be what is refused. */
function withoutPassword(url = ''): string {
  return url.replace(/\/\/.*@/, '//…@');
}

async function printHash(io: Io, { args: [user = ''] }: Invocation): Promise<number> {
  const { faultOfUser, hashPassword } = await import('../http/middleware/basic-auth.ts');
  const fault = faultOfUser(user);
  // Before anybody types a password.
  if (fault) return complain(io, [`hash-password: ${fault}`]);
  const { readSecret } = await import('./secret-input.ts');
  const input = await readSecret(io, 'hash-password', ['Password: ', 'Again: ']);
  if (input.kind === 'none') return input.code;
  if (input.text === '')
    return complain(io, ['hash-password: standard input was empty; the password is read from it']);
  return say(io, await hashPassword(user, input.text));
}
