import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MediaOptions, mediaReader } from './media.ts';
import { contentType } from './mime.ts';

const plain: MediaOptions = { mediaTypes: [], charset: 'utf-8' };

/** `Content-Type`, and behind a bar `Content-Encoding` where there is one. */
function read(fileName: string, options: Partial<MediaOptions> = {}): string {
  const { type, coding } = mediaReader({ ...plain, ...options })(fileName);
  return coding === 'identity' ? type : `${type} | ${coding}`;
}

describe('files that are stored in a coding', () => {
  const cases: Readonly<Record<string, string>> = {
    'app.js.br': 'text/javascript; charset=utf-8 | br',
    'app.js.gz': 'text/javascript; charset=utf-8 | gzip',
    'app.js.zst': 'text/javascript; charset=utf-8 | zstd',
    'app.mjs.gz': 'text/javascript; charset=utf-8 | gzip',
    'style.css.br': 'text/css; charset=utf-8 | br',
    'STYLE.CSS.BR': 'text/css; charset=utf-8 | br',
    'logo.svg.gz': 'image/svg+xml | gzip',
    'picture.svgz': 'image/svg+xml | gzip',
    'PICTURE.SVGZ': 'image/svg+xml | gzip',
    // What Unity builds for the web, with gzip and Brotli.
    'Game.data.gz': 'application/octet-stream | gzip',
    'Game.data.br': 'application/octet-stream | br',
    'Game.wasm.gz': 'application/wasm | gzip',
    'Game.wasm.br': 'application/wasm | br',
    'Game.framework.js.gz': 'text/javascript; charset=utf-8 | gzip',
    'Game.framework.js.br': 'text/javascript; charset=utf-8 | br',
    'Game.symbols.json.gz': 'application/json; charset=utf-8 | gzip',
  };
  for (const [name, expected] of Object.entries(cases)) {
    test(`${name}: ${expected}`, () => assert.equal(read(name), expected));
  }
});

describe('files that are downloads', () => {
  const names = [
    'site.tar.gz',
    'site.tar.br',
    'site.tar.zst',
    'site.tgz',
    'Packages.gz',
    'Packages.zst',
    'dump.sql.gz',
    'table.csv.gz',
    'data.json.gz',
    'sitemap.xml.gz',
    'access.log.gz',
    'page.html.gz',
    'scan.nii.gz',
    // Nothing says what is inside.
    'data.gz',
    'js.gz',
    '.js.gz',
    '.svgz',
    'Game.data.unityweb',
    'app.js.bz2',
    'app.jsgz',
    'appjs.br',
  ];
  for (const name of names) test(name, () => assert.equal(read(name), contentType(name)));
});

describe('types that the operator names', () => {
  const mediaTypes = [
    { extension: 'ts', type: 'text/javascript' },
    { extension: 'bin', type: 'application/x-old' },
    { extension: 'bin', type: 'application/x-new' },
    { extension: 'd.ts', type: 'text/plain' },
    { extension: 'data.gz', type: 'application/gzip' },
    { extension: 'svgz', type: 'image/svg+xml' },
    { extension: 'gbk', type: 'text/plain;charset=gbk' },
    { extension: 'js', type: 'application/x-javascript' },
  ];
  const cases: Readonly<Record<string, string>> = {
    'app.ts': 'text/javascript; charset=utf-8',
    'APP.TS': 'text/javascript; charset=utf-8',
    'app.min.ts': 'text/javascript; charset=utf-8',
    'app.d.ts': 'text/plain; charset=utf-8',
    'a.bin': 'application/x-new',
    'Game.data.gz': 'application/gzip',
    'Game.data.br': 'application/octet-stream | br',
    'picture.svgz': 'image/svg+xml',
    'a.gbk': 'text/plain;charset=gbk',
    'app.js.br': 'application/x-javascript | br',
    '.ts': 'application/octet-stream',
    ts: 'application/octet-stream',
    'a.txt': 'text/plain; charset=utf-8',
  };
  for (const [name, expected] of Object.entries(cases)) {
    test(`${name}: ${expected}`, () => assert.equal(read(name, { mediaTypes }), expected));
  }

  test('no others: TypeScript keeps the type of MPEG streams, which HLS is made of', () => {
    assert.equal(read('segment1.ts'), 'video/mp2t');
  });
});

describe('the encoding of text', () => {
  const mediaTypes = [{ extension: 'x', type: 'text/x' }];
  const cases: readonly (readonly [charset: string, fileName: string, expected: string])[] = [
    ['windows-1251', 'index.html', 'text/html; charset=windows-1251'],
    ['windows-1251', 'README', 'text/plain; charset=windows-1251'],
    ['windows-1251', 'app.js.br', 'text/javascript; charset=windows-1251 | br'],
    ['windows-1251', 'a.x', 'text/x; charset=windows-1251'],
    ['windows-1251', 'data.json', 'application/json; charset=utf-8'],
    ['windows-1251', 'feed.xml', 'application/xml'],
    ['windows-1251', 'logo.png', 'image/png'],
    ['', 'index.html', 'text/html'],
    ['', 'a.x', 'text/x'],
    ['', 'data.json', 'application/json'],
    ['', 'logo.png', 'image/png'],
  ];
  for (const [charset, fileName, expected] of cases) {
    test(`${charset || 'none'}, ${fileName}: ${expected}`, () => {
      assert.equal(read(fileName, { charset, mediaTypes }), expected);
    });
  }
});
