import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { VERSION } from '../../src/build/version.ts';
import { usage } from '../../src/config/usage.ts';
import * as page from '../../src/notify/api/page/page.ts';
import { packSite } from '../../src/static/embedded.ts';
import * as mime from '../../src/static/mime.ts';
import {
  bundle,
  checkCharacters,
  checkSize,
  describeParts,
  MAX_BUNDLE_BYTES,
  partsOf,
  REPOSITORY,
} from './bundle.ts';
import { copyOfRepository, requireBuilt, temporaryFolder } from './fixtures.ts';
import { bundledPackages, licensesFor } from './licenses.ts';
import { SITE_ASSET } from './replacements.ts';

/** About what it is, in two languages and with the last messages: it should stay a small page. */
const MAX_PAGE_BYTES = 12_500;

const folder = temporaryFolder();
const info = { base: 'bundle', embeddedSite: false } as const;
const made = await bundle(info);
const program = join(folder, 'mote.cjs');
writeFileSync(program, made.code);

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

describe('the bundle', () => {
  test('runs by itself', () => {
    assert.equal(run('--help'), usage());
    const { version, base, embeddedSite } = JSON.parse(run('--version', '--json'));
    assert.deepEqual(
      { version, base, embeddedSite },
      { version: VERSION, base: 'bundle', embeddedSite: false },
    );
  });

  test('has its licenses inside', () => {
    assert.equal(run('--licenses'), licensesFor('bundle', REPOSITORY));
  });

  test('asks for no language: only the script of the page does, which browsers run', () => {
    const asked = (text: string) => text.match(/\bIntl\b|\blocaleCompare\b|\btoLocale\w+/g);
    const script = readFileSync(join(REPOSITORY, 'src/notify/api/page/page.js'), 'utf8');
    assert.deepEqual(asked(Buffer.from(made.code).toString()), asked(script));
  });

  test('names its source map, which is not inside and names the sources', () => {
    assert.ok(Buffer.from(made.code).toString().endsWith('//# sourceMappingURL=mote.cjs.map\n'));
    const { sources } = JSON.parse(Buffer.from(made.map).toString());
    assert.ok(sources.includes('../src/static/plan.ts'));
  });

  test('is the same wherever the repository is, and names no place', async () => {
    const { code, map } = await bundle(info, 'mote.cjs', copyOfRepository(folder));
    assert.ok(Buffer.from(code).equals(made.code));
    assert.ok(Buffer.from(map).equals(made.map));
    for (const bytes of [made.code, made.map]) assert.ok(!Buffer.from(bytes).includes(REPOSITORY));
  });

  test("for pkg's base refuses to serve where the environment steers its Node, which reads it before", async () => {
    const forPkg = join(folder, 'for-pkg.cjs');
    writeFileSync(forPkg, (await bundle({ ...info, base: 'pkg' })).code);
    const env = { PATH: process.env.PATH, NODE_OPTIONS: '--no-warnings' };
    const serve = [forPkg, folder, '--port', '0', '--host', '127.0.0.1'];
    const { status, stdout, stderr } = spawnSync(process.execPath, serve, { encoding: 'utf8', env });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^mote: NODE_OPTIONS is set, .*\n$/);
    const { stdout: version } = spawnSync(process.execPath, [forPkg, '--version', '--json'], {
      encoding: 'utf8',
    });
    assert.equal(JSON.parse(version).base, 'pkg');
  });

  test('serves a site that lies beside it as its own', async () => {
    const withSite = join(folder, 'with-site.cjs');
    writeFileSync(withSite, (await bundle({ ...info, embeddedSite: true })).code);
    const archive = packSite([{ segments: ['index.html'], bytes: Buffer.from('inside') }], undefined);
    writeFileSync(join(folder, SITE_ASSET), archive);
    const child = spawn(process.execPath, [withSite, '--port', '0', '--host', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    const address = /^mote serves the embedded site on (http:\S+)\n$/.exec(String(line))?.[1];
    assert.equal(await (await fetch(address ?? '')).text(), 'inside');
    child.kill();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

describe('media types', () => {
  test('every extension means what it means to the whole registry', async () => {
    const { contentType: reduced } = await requireBuilt<typeof mime>('src/static/mime.ts', folder);
    const db: Record<string, { extensions?: string[] }> = createRequire(import.meta.url)('mime-db');
    const extensions = Object.values(db).flatMap(({ extensions = [] }) => extensions);
    assert.ok(extensions.length > 1000);
    for (const extension of [
      ...extensions,
      'unknown',
      '',
      '__proto__',
      'constructor',
      ' ',
      'html htm',
      '|',
      '*',
      'html\n',
    ]) {
      const name = `name.${extension}`;
      assert.equal(reduced(name), mime.contentType(name), extension);
      assert.equal(reduced(name.toUpperCase()), mime.contentType(name.toUpperCase()), extension);
    }
  });
});

test('the notify page is inside, minified', async () => {
  const { createPageStage } = await requireBuilt<typeof page>('src/notify/api/page/page.ts', folder);
  const facts = { method: 'GET', target: '/notify', path: '/notify', query: '', headers: {}, client: '' };
  const plan = await createPageStage()(facts);
  const source = await page.createPageStage()(facts);
  assert.ok(plan?.body.kind === 'bytes' && source?.body.kind === 'bytes');
  assert.ok(plan.body.bytes.length <= MAX_PAGE_BYTES, `${plan.body.bytes.length}`);
  const html = Buffer.from(plan.body.bytes).toString();
  assert.doesNotMatch(html, /page\.(css|js)|@param|undefined/);
  for (const [, text = ''] of html.matchAll(/<(?:style|script type="module")>([\s\S]*?)<\//g))
    assert.ok(plan.headers[5]?.includes(createHash('sha256').update(text).digest('base64')));
  const bodyOf = (text: string) => text.slice(text.indexOf('<body>'), text.indexOf('<script'));
  assert.equal(bodyOf(html), bodyOf(Buffer.from(source.body.bytes).toString()));
});

describe('the size', () => {
  test('is in ASCII', () => {
    checkCharacters(Buffer.from('/\\u201c/'));
    assert.throws(() => checkCharacters(Buffer.from('x = /[a“b]/')), {
      name: 'BundleError',
      message: /escapes in the regular expression at x = \/\[a“b\]\//,
    });
  });

  test('has a budget, which the bundle keeps', () => {
    checkSize(MAX_BUNDLE_BYTES);
    assert.throws(() => checkSize(MAX_BUNDLE_BYTES + 1), {
      name: 'BundleError',
      message: `the bundle has ${MAX_BUNDLE_BYTES + 1} bytes, MAX_BUNDLE_BYTES in scripts/bundle/bundle.ts allows ${MAX_BUNDLE_BYTES}`,
    });
  });

  test('is the sum of the parts', () => {
    assert.equal(
      made.parts.reduce((sum, { bytes }) => sum + bytes, 0),
      made.code.length,
    );
    assert.equal(describeParts(made.parts).split('\n').length, made.parts.length + 2);
  });

  test('counts by package and folder', () => {
    const inputs = {
      'src/static/plan.ts': { bytesInOutput: 10 },
      'src/static/store.ts': { bytesInOutput: 20 },
      'node_modules/a/index.js': { bytesInOutput: 5 },
      'node_modules/a/node_modules/@b/c/lib/d.js': { bytesInOutput: 3 },
    };
    const output = { bytes: 40, inputs, imports: [], exports: [] };
    const outputs = { 'dist/x.cjs': { ...output, entryPoint: 'src/cli/bin.ts' }, 'dist/x.cjs.map': output };
    assert.deepEqual(partsOf({ inputs: {}, outputs }), [
      { name: 'src/static', bytes: 30 },
      { name: 'a', bytes: 5 },
      { name: '@b/c', bytes: 3 },
      { name: 'between the modules', bytes: 2 },
    ]);
  });
});

describe('licenses', () => {
  const texts = {
    node: 'Node.js is licensed for use as follows',
    glibc: 'GNU LESSER GENERAL PUBLIC LICENSE',
    gcc: 'GCC RUNTIME LIBRARY EXCEPTION',
    musl: 'Rich Felker',
    pkg: '@yao-pkg/pkg',
  };
  const inside: readonly (readonly [
    base: 'bundle' | 'seal' | 'pkg',
    names: readonly (keyof typeof texts)[],
  ])[] = [
    ['bundle', []],
    ['seal', ['node', 'glibc', 'gcc']],
    ['pkg', ['node', 'musl', 'gcc', 'pkg']],
  ];
  for (const [base, names] of inside) {
    test(`in ${base}: mote, its packages${names.map((name) => `, ${name}`).join('')}`, () => {
      const licenses = licensesFor(base, REPOSITORY);
      for (const name of ['mote', 'mime-types', 'mime-db'])
        assert.match(licenses, new RegExp(`^${name}\n=`, 'm'));
      assert.ok(licenses.includes(readFileSync(join(REPOSITORY, 'LICENSE'), 'utf8').trim()));
      const found = Object.entries(texts).filter(([, text]) => licenses.includes(text));
      assert.deepEqual(found.map(([name]) => name).toSorted(), names.toSorted());
    });
  }

  test('cover the packages that package.json and they themselves name', () => {
    assert.deepEqual(bundledPackages(REPOSITORY), ['marked', 'mime-db', 'mime-types']);
  });
});
