/**
 * The servers that `npm run bench` compares, and how each is started: logging off and production settings as
 * far as each has them, the same Node for all of them. This folder has its own package.json and lockfile
 * (`npm ci --prefix bench`), so that nothing measured here can become a dependency of mote.
 *
 * - `bare`: node:http answering constant buffers; the most that any server on node:http can reach.
 * - `mote`: default configuration, its access log going to /dev/null; `mote-no-log`: `--log-format off`.
 * - `naive`: `createReadStream().pipe(res)`, what a first attempt looks like.
 * - the rest: the file servers of the Node world, from the package registry.
 */
import { join } from 'node:path';

/** The folder that every server serves, and the port that it is told to listen on. */
export interface Site {
  readonly root: string;
  readonly port: number;
}

export interface Peer {
  readonly name: string;
  /** The program and its arguments; answers on 127.0.0.1 at `site.port`. */
  readonly command: (site: Site) => readonly string[];
  /** Comes with `npm ci --prefix bench`. */
  readonly installed?: true;
}

const own = (file: string) => join(import.meta.dirname, file);
const installed = (name: string) => own(join('node_modules/.bin', name));
const words = (text: string) => text.split(' ');
const scriptEndings = /\.[cm]?[jt]s$/;

/** All servers in the order of the report. `target` is mote: a script for `node`, or an executable. */
export function peers(node: string, target: string): readonly Peer[] {
  const mote = scriptEndings.test(target) ? [node, target] : [target];
  return [
    { name: 'bare', command: ({ root, port }) => [node, own('bare.mjs'), root, `${port}`] },
    { name: 'mote', command: ({ root, port }) => [...mote, root, `${port}`] },
    { name: 'mote-no-log', command: ({ root, port }) => [...mote, root, `${port}`, '--log-format', 'off'] },
    { name: 'naive', command: ({ root, port }) => [node, own('naive.mjs'), root, `${port}`] },
    {
      name: 'sirv-cli',
      installed: true,
      command: ({ root, port }) => [
        node,
        installed('sirv'),
        root,
        ...words(`--quiet --etag --maxage 3600 --host 127.0.0.1 --port ${port}`),
      ],
    },
    {
      name: '@fastify/static',
      installed: true,
      command: ({ root, port }) => [node, own('fastify-static.mjs'), root, `${port}`],
    },
    {
      name: 'http-server',
      installed: true,
      command: ({ root, port }) => [
        node,
        installed('http-server'),
        root,
        ...words(`--silent -c3600 -a 127.0.0.1 -p ${port}`),
      ],
    },
    {
      name: 'serve',
      installed: true,
      command: ({ root, port }) => [
        node,
        installed('serve'),
        root,
        ...words('--no-request-logging --no-clipboard --no-compression --no-port-switching'),
        ...words(`--listen tcp://127.0.0.1:${port}`),
      ],
    },
  ];
}

/** For every server: production settings, and no look at the registry for a newer version. */
export const peerEnvironment = { NODE_ENV: 'production', NO_UPDATE_CHECK: '1' };
