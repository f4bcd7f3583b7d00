/** What is served, and with which headers. */
import type { Option } from '../option-kinds.ts';
import {
  emptyOr,
  parseBasePath,
  parseCharset,
  parseFieldValue,
  parseFileName,
  parseFileNames,
  parseFilePath,
  parseHeader,
  parseMediaType,
  parseOrigin,
} from '../parse.ts';
import { bytes, GIB, MIB } from './shared.ts';

const fileName = { kind: 'text', group: 'What is served', label: 'NAME', parse: parseFileName } as const;
const contentSwitch = { kind: 'boolean', group: 'What is served', default: false } as const;
const cacheControl = { kind: 'text', group: 'Caching', label: 'VALUE', parse: parseFieldValue } as const;

export const serving = {
  path: {
    kind: 'text',
    group: 'What is served',
    label: 'PATH',
    positional: 0,
    parse: parseFilePath,
    default: 'web_root',
    doc: 'The folder or the single file to serve.',
  },
  index: {
    ...fileName,
    label: 'NAMES',
    parse: parseFileNames,
    default: 'index.html',
    doc: 'The file that is served for its folder; of several names, separated by commas, the first that exists.',
  },
  listing: { ...contentSwitch, doc: 'List folders that have no index file.' },
  spa: {
    ...contentSwitch,
    doc: 'Serve the index file of the root for unknown paths if the client prefers text/html, or if it accepts anything and the last segment has no dot.',
  },
  cleanUrls: {
    ...contentSwitch,
    doc: 'Serve about.html at /about, and redirect /about.html, /about/ and /index there.',
  },
  rules: {
    ...contentSwitch,
    default: true,
    doc: 'Apply the redirects and headers in the files _redirects and _headers of the root, which are not served.',
  },
  basePath: {
    kind: 'text',
    group: 'What is served',
    label: 'URLPATH',
    parse: emptyOr(parseBasePath),
    default: '',
    doc: 'The path under which everything is served, behind a proxy that does not strip it. Empty: the root.',
  },
  notFound: {
    ...fileName,
    default: '404.html',
    doc: 'The file in the root that is the body of 404 responses, if it exists.',
  },
  dotfiles: {
    ...contentSwitch,
    doc: 'Serve files and folders whose names begin with a dot; .well-known is always served.',
  },
  symlinks: { ...contentSwitch, doc: 'Follow symbolic links that leave the root.' },
  compression: {
    ...contentSwitch,
    doc: 'Compress text on the fly. Precompressed siblings (.br, .zst, .gz) are always used.',
  },
  mediaTypes: {
    kind: 'list',
    key: 'type',
    group: 'What is served',
    label: 'EXT=TYPE',
    parse: parseMediaType,
    default: [],
    doc: 'The Content-Type of files whose names end in .EXT, such as ts=text/javascript; these files are sent as they are stored.',
  },
  charset: {
    kind: 'text',
    group: 'What is served',
    label: 'NAME',
    parse: emptyOr(parseCharset),
    default: 'utf-8',
    doc: 'The character encoding in the Content-Type of text. Empty: none, so that each page declares its own.',
  },
  cacheHtml: { ...cacheControl, default: 'no-cache', doc: 'Cache-Control of HTML.' },
  cacheFingerprinted: {
    ...cacheControl,
    default: 'max-age=31536000, immutable',
    doc: 'Cache-Control of files with a hash in their names, such as app.3f2a9b1c.js.',
  },
  cacheOther: {
    ...cacheControl,
    default: 'no-cache',
    doc: 'Cache-Control of everything else. With max-age=3600 clients revalidate once an hour, and see changes up to an hour late.',
  },
  cacheBytes: {
    ...bytes,
    group: 'Caching',
    min: 0,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for the cache of small files; 0 turns it off.',
  },
  headers: {
    kind: 'list',
    key: 'header',
    group: 'Headers',
    label: "'NAME: VALUE'",
    parse: parseHeader,
    default: [],
    doc: 'A header for every response.',
  },
  securityHeaders: {
    kind: 'boolean',
    group: 'Headers',
    default: true,
    doc: 'Send X-Content-Type-Options and Referrer-Policy.',
  },
  csp: {
    kind: 'text',
    group: 'Headers',
    label: 'POLICY',
    parse: emptyOr(parseFieldValue),
    default: '',
    doc: 'The Content-Security-Policy to send. Empty: none.',
  },
  corsOrigins: {
    kind: 'list',
    key: 'cors',
    group: 'Headers',
    label: 'ORIGIN',
    commas: true,
    parse: parseOrigin,
    default: [],
    doc: 'An origin whose pages may read responses, or * for all origins.',
  },
} as const satisfies Readonly<Record<string, Option>>;
