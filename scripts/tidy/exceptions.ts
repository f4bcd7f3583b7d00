/** What breaks a rule and may. */
import type { Finding } from './rule.ts';

/** A violation that is allowed for now, and why. */
export interface Exception extends Omit<Finding, 'reason'> {
  readonly rule: string;
  readonly because: string;
}

/** Needed today. Take an entry out as soon as its cause is gone. */
export const exceptions: readonly Exception[] = [
  {
    rule: 'arrows',
    path: 'src/cli/main.ts',
    subject: 'src/http/middleware/basic-auth.ts',
    because: 'the sub-command hash-password runs without the application',
  },
  {
    rule: 'response',
    path: 'src/cli/healthcheck.ts',
    subject: 'socket.write',
    because: 'a client: what it writes is a request',
  },
  ...['connect', 'http-connection', 'redis/connection'].map((name) => ({
    rule: 'response',
    path: `src/net/${name}.ts`,
    subject: 'socket.write',
    because: 'a client: what it writes is a request',
  })),
  ...['socket.write', 'socket.end'].map((subject) => ({
    rule: 'response',
    path: 'src/http/engine/node/raw-target.ts',
    subject,
    because: 'it carries what send.ts has written',
  })),
  {
    rule: 'built-ins',
    path: 'src/static/compress.ts',
    subject: 'node:util promisify',
    because: 'zlib has no promises of its own',
  },
  ...['conditional', 'range'].map((name) => ({
    rule: 'mentions',
    path: `src/static/${name}.test.ts`,
    subject: 'test/send.js',
    because: 'a file of the package send',
  })),
];
