import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentType, isCompressible } from './mime.ts';

const TEXT = 'text/plain; charset=utf-8';
const UNKNOWN = 'application/octet-stream';

describe('Content-Type by name', () => {
  const cases: Readonly<Record<string, string>> = {
    'index.html': 'text/html; charset=utf-8',
    'index.htm': 'text/html; charset=utf-8',
    'style.css': 'text/css; charset=utf-8',
    'app.js': 'text/javascript; charset=utf-8',
    'app.mjs': 'text/javascript; charset=utf-8',
    'lib.umd.cjs': 'text/javascript; charset=utf-8',
    'data.json': 'application/json; charset=utf-8',
    'app.js.map': 'application/json; charset=utf-8',
    'site.webmanifest': 'application/manifest+json; charset=utf-8',
    'notes.txt': TEXT,
    'server.log': TEXT,
    'README.md': 'text/markdown; charset=utf-8',
    'table.csv': 'text/csv; charset=utf-8',
    'captions.vtt': 'text/vtt; charset=utf-8',
    'feed.xml': 'application/xml',
    'logo.svg': 'image/svg+xml',
    'feed.atom': 'application/atom+xml',
    'module.wasm': 'application/wasm',
    'photo.jpg': 'image/jpeg',
    'photo.avif': 'image/avif',
    'photo.webp': 'image/webp',
    'favicon.ico': 'image/vnd.microsoft.icon',
    'font.woff2': 'font/woff2',
    'film.mp4': 'video/mp4',
    'playlist.m3u8': 'application/vnd.apple.mpegurl',
    'segment0001.ts': 'video/mp2t',
    'paper.pdf': 'application/pdf',
    'archive.tar.gz': 'application/gzip',
    'main.rs': TEXT,
    'PHOTO.JPG': 'image/jpeg',
    'a.b.c.html': 'text/html; charset=utf-8',
    LICENSE: TEXT,
    readme: TEXT,
    Makefile: TEXT,
    Dockerfile: TEXT,
    SHA256SUMS: TEXT,
    'apple-app-site-association': 'application/json; charset=utf-8',
    // Without a dot there is no extension, whatever the name.
    html: UNKNOWN,
    'acme-token': UNKNOWN,
    '.html': UNKNOWN,
    '.gitignore': UNKNOWN,
    'name.': UNKNOWN,
    'file.unknown-extension': UNKNOWN,
    'notes.txt~': UNKNOWN,
    'x.constructor': UNKNOWN,
    'x.__proto__': UNKNOWN,
    constructor: UNKNOWN,
    '': UNKNOWN,
  };
  for (const [fileName, expected] of Object.entries(cases)) {
    test(`${JSON.stringify(fileName)}: ${expected}`, () => assert.equal(contentType(fileName), expected));
  }
});

describe('worth compressing', () => {
  const yes = [
    'index.html',
    'style.css',
    'app.js',
    'data.json',
    'feed.xml',
    'logo.svg',
    'notes.txt',
    'feed.atom',
    'site.webmanifest',
    'module.wasm',
    'font.ttf',
    'font.otf',
    'font.eot',
    'favicon.ico',
    'scan.bmp',
    'map.geojson',
    'config.toml',
    'dump.sql',
    'playlist.m3u8',
    'scene.gltf',
    'scene.glb',
    'film.srt',
  ];
  const no = [
    'photo.jpg',
    'photo.png',
    'photo.webp',
    'photo.avif',
    'font.woff',
    'font.woff2',
    'film.mp4',
    'song.mp3',
    'segment.ts',
    'archive.zip',
    'archive.tar.gz',
    'paper.pdf',
    'book.epub',
    'letter.docx',
    'unknown.bin',
    'name',
  ];
  for (const fileName of yes)
    test(`${fileName}: yes`, () => assert.equal(isCompressible(contentType(fileName)), true));
  for (const fileName of no)
    test(`${fileName}: no`, () => assert.equal(isCompressible(contentType(fileName)), false));

  test('parameters and case do not matter', () => {
    assert.equal(isCompressible('Application/JSON ; charset=utf-8'), true);
    assert.equal(isCompressible('image/png; note=text/html'), false);
  });
});
