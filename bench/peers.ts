/**
 * The servers that `npm run bench` compares, and how each is started: logging off unless the row is about the log,
 * production settings as far as each has them, the same Node for all that run on it. The servers of the Node world
 * have a lockfile of their own in this folder (`npm ci --prefix bench`), so that nothing measured here can become a
 * dependency of mote; the others are Debian's.
 *
 * - `bare`: node:http answering constant buffers; the most that a server on node:http can reach.
 * - `nginx`: the directives of Debian's nginx.conf; `nginx-cache`: with `open_file_cache` too. Both may answer any
 *   number of requests on a connection, lighttpd 65,535, mote as many as by default.
 * - `go`: net/http's FileServer, ten lines.
 * - `naive`: `createReadStream().pipe(res)`, what a first attempt looks like.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../scripts/launch/node-flags.mjs';

/** What a server is told. */
export interface Site {
  /** The folder to serve. */
  readonly root: string;
  /** For its configuration and whatever else it writes. */
  readonly folder: string;
  readonly port: number;
  /** Where to log each request, in the combined format if the server knows it; otherwise it logs nothing. */
  readonly log?: string;
  /** 1 unless the row is about more. */
  readonly workers: number;
}

export interface Peer {
  readonly name: string;
  /** As tables call it. */
  readonly title: string;
  /** The program and its arguments; answers on 127.0.0.1 at `site.port`. May write configuration into its folder. */
  readonly command: (site: Site) => readonly string[];
  /** What must be there, and what brings it. */
  readonly needs?: { readonly file: string; readonly from: string };
  /** A command that prints the version. */
  readonly version?: readonly string[];
}

const own = (file: string) => join(import.meta.dirname, file);
const installed = (name: string) => own(join('node_modules/.bin', name));
const words = (text: string) => text.split(' ');
const scriptEndings = /\.[cm]?[jt]s$/;
const MANY_REQUESTS = 1_000_000_000;

const debian = (file: string, name: string) => ({ file, from: `apt-get install ${name}` });
const NGINX = '/usr/sbin/nginx';
export const OPEN_FILE_CACHE = 'open_file_cache max=1000; open_file_cache_valid 30s;';
const LIGHTTPD = '/usr/sbin/lighttpd';
const CADDY = '/usr/bin/caddy';
export const GO = '/usr/bin/go';
export const GO_SOURCE = own('fileserver.go');

/** All servers in the order of the report. `target` is mote: a script for `node`, or an executable. */
export function peers(node: string, target: string, fileServer: string): readonly Peer[] {
  return [mote(programOf(node, target)), ...systemPeers(fileServer), ...nodePeers(node)];
}

/** What runs mote: a script with the flags that it has wherever it ships. */
export function programOf(node: string, target: string): readonly string[] {
  return scriptEndings.test(target) ? [node, ...NODE_FLAGS, target] : [target];
}

function mote(program: readonly string[]): Peer {
  return {
    name: 'mote',
    title: '**mote**',
    command: ({ root, port, log, workers }) => [
      ...(log === undefined ? program : into(log, program)),
      root,
      `${port}`,
      ...(log === undefined ? ['--log-format', 'off'] : []),
      ...(workers > 1 ? ['--workers', `${workers}`] : []),
    ],
  };
}

/** For who logs to its output. */
const into = (log: string, program: readonly string[]) => ['sh', '-c', 'exec "$@" >"$0"', log, ...program];

function systemPeers(fileServer: string): readonly Peer[] {
  return [
    {
      name: 'nginx-cache',
      title: 'nginx with `open_file_cache`',
      needs: debian(NGINX, 'nginx-light'),
      command: (site) => nginx(site, OPEN_FILE_CACHE),
    },
    {
      name: 'nginx',
      title: 'nginx',
      needs: debian(NGINX, 'nginx-light'),
      version: [NGINX, '-v'],
      command: (site) => nginx(site),
    },
    {
      name: 'lighttpd',
      title: 'lighttpd',
      needs: debian(LIGHTTPD, 'lighttpd'),
      version: [LIGHTTPD, '-v'],
      command: lighttpd,
    },
    {
      name: 'caddy',
      title: 'caddy',
      needs: debian(CADDY, 'caddy'),
      version: [CADDY, 'version'],
      command: caddy,
    },
    {
      name: 'go',
      title: "Go's FileServer",
      needs: debian(GO, 'golang-go'),
      version: [GO, 'version'],
      command: ({ root, port }) => [fileServer, root, `${port}`],
    },
  ];
}

export function nginx({ root, folder, port, log, workers }: Site, more = ''): string[] {
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  writeFileSync(
    file,
    `daemon off; worker_processes ${workers}; pid ${folder}/nginx.pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  sendfile on; tcp_nopush on; types_hash_max_size 2048; types { text/plain txt; text/html html; }
  access_log ${log === undefined ? 'off' : `${log} combined`}; keepalive_requests ${MANY_REQUESTS};
  gzip_static on; ${more}
  ${temporary}
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`,
  );
  return [NGINX, '-e', '/dev/null', '-c', file];
}

export function lighttpd({ root, folder, port, log, workers }: Site): string[] {
  const file = join(folder, 'lighttpd.conf');
  writeFileSync(
    file,
    `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.max-connections = 4096
server.max-fds = 8192
server.max-keep-alive-requests = 65535
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain" )
${workers > 1 ? `server.max-worker = ${workers}` : ''}
${log === undefined ? '' : `server.modules = ( "mod_accesslog" )\naccesslog.filename = "${log}"`}
`,
  );
  return [LIGHTTPD, '-D', '-f', file];
}

/** Its log is JSON: it has no combined format. */
function caddy({ root, folder, port, log }: Site): string[] {
  const file = join(folder, 'Caddyfile');
  mkdirSync(join(folder, 'caddy'), { recursive: true });
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  root * ${root}
  file_server {
    precompressed gzip
  }
  ${log === undefined ? '' : `log {\n    output file ${log} {\n      roll_disabled\n    }\n  }`}
}
`,
  );
  return ['env', `HOME=${folder}/caddy`, CADDY, 'run', '--adapter', 'caddyfile', '--config', file];
}

function nodePeers(node: string): readonly Peer[] {
  const npm = (name: string) => ({ file: own(join('node_modules', name)), from: 'npm ci --prefix bench' });
  return [
    {
      name: 'bare',
      title: '`node:http`, constant buffer',
      command: ({ root, port }) => [node, own('bare.mjs'), root, `${port}`],
    },
    {
      name: 'naive',
      title: '`node:http`, piped file',
      command: ({ root, port }) => [node, own('naive.mjs'), root, `${port}`],
    },
    {
      name: 'sirv-cli',
      title: 'sirv-cli',
      needs: npm('sirv-cli'),
      command: ({ root, port }) => [
        node,
        installed('sirv'),
        root,
        ...words(`--quiet --etag --maxage 3600 --host 127.0.0.1 --port ${port}`),
      ],
    },
    {
      name: '@fastify/static',
      title: '@fastify/static',
      needs: npm('@fastify/static'),
      command: ({ root, port }) => [node, own('fastify-static.mjs'), root, `${port}`],
    },
    {
      name: 'http-server',
      title: 'http-server',
      needs: npm('http-server'),
      command: ({ root, port }) => [
        node,
        installed('http-server'),
        root,
        ...words(`--silent -c3600 -a 127.0.0.1 -p ${port}`),
      ],
    },
    {
      name: 'serve',
      title: 'serve',
      needs: npm('serve'),
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
