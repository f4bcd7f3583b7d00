import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { untar } from './fixtures.ts';
import { build, epochFrom, moteImage, type Product, readSite, runConfig } from './image.ts';

const product: Product = {
  name: 'mote',
  description: 'A server',
  version: '1.2.3',
  license: 'MIT',
};

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mote-image-'));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** The beginning of an ELF executable with the given `e_machine`. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

const project = {
  'package.json': JSON.stringify(product),
  'web_root/index.html': '<p>hello\n',
  'dist/mote': elf(62),
};
const tag = 'mote:latest';

test('the layers are CA bundle, executable and site', () => {
  const parts = {
    architecture: 'amd64' as const,
    executable: elf(62),
    caBundle: Buffer.from('PEM'),
    site: [{ path: 'css/a.css', mode: 0o644, bytes: Buffer.from('a') }],
  };
  const layers = moteImage(parts, product, undefined).layers.map(({ bytes }) =>
    untar(gunzipSync(bytes)).map(({ path, mode }) => `${mode.toString(8)} ${path}`),
  );
  assert.deepEqual(layers, [
    ['755 etc/', '755 etc/ssl/', '755 etc/ssl/certs/', '644 etc/ssl/certs/ca-certificates.crt'],
    ['755 mote'],
    ['755 web_root/', '755 web_root/css/', '644 web_root/css/a.css'],
  ]);
});

describe('the site', () => {
  test('contains all files in sorted order, readable by everyone', () => {
    const folder = folderWith({ 'b.html': 'b', 'a/z.txt': 'z', '.well-known/x': 'x', 'a.txt': 'a' });
    chmodSync(join(folder, 'b.html'), 0o600);
    const listed = readSite(folder).map(({ path, mode, bytes }) => `${mode.toString(8)} ${path} ${bytes}`);
    assert.deepEqual(listed, ['644 .well-known/x x', '644 a.txt a', '644 a/z.txt z', '644 b.html b']);
  });

  test('with a symbolic link is refused', () => {
    const folder = folderWith({ 'a.html': 'a' });
    symlinkSync('a.html', join(folder, 'b.html'));
    assert.throws(() => readSite(folder), { message: /b\.html: an image takes only files and folders$/ });
  });
});

describe('the archive', () => {
  test('is built reproducibly from the project folder', () => {
    const root = folderWith(project);
    const { bytes, report } = build(root, { tag });
    assert.ok(bytes.equals(build(root, { tag }).bytes));
    assert.match(
      report,
      /^dist\/mote\.oci\.tar: mote:latest, [\d,]+ bytes\n {2}linux\/amd64: [\d,]+ bytes to pull, [\d,]+ bytes of files, sha256:[0-9a-f]{64}\n$/,
    );
  });

  test('has an image for each architecture with an executable', () => {
    const root = folderWith({ ...project, 'dist/mote-arm64': elf(183) });
    assert.match(build(root, { tag }).report, /linux\/amd64: .*\n {2}linux\/arm64: /);
  });

  test('of mote-tiny has its executables, and other names', () => {
    const root = folderWith({ ...project, 'dist/mote-tiny': elf(62), 'dist/mote-tiny-arm64': elf(183) });
    const { output, report } = build(root, { tiny: true });
    assert.equal(output, 'dist/mote-tiny.oci.tar');
    assert.match(
      report,
      /^dist\/mote-tiny\.oci\.tar: mote:tiny, .*\n {2}linux\/amd64: .*\n {2}linux\/arm64: /,
    );
    assert.equal(build(root, {}).output, 'dist/mote.oci.tar');
  });

  test('of mote-tiny is refused without its executable', () => {
    assert.throws(() => build(folderWith(project), { tiny: true }), {
      message: 'dist/mote-tiny is missing: npm run tiny makes it',
    });
  });

  test('has the CA bundle given by --ca', () => {
    const caFile = join(folderWith({ 'ca.pem': '-----BEGIN CERTIFICATE-----\n' }), 'ca.pem');
    const root = folderWith(project);
    const own = build(root, { tag, caFile }).bytes;
    assert.ok(own.length < build(root, { tag }).bytes.length - 100_000, 'the roots of Node are not in it');
  });

  const failures: readonly [
    name: string,
    files: Parameters<typeof folderWith>[0],
    message: string | RegExp,
  ][] = [
    [
      'without an executable',
      { 'package.json': project['package.json'] },
      'dist/mote is missing: npm run build makes it',
    ],
    [
      'of a script',
      { ...project, 'dist/mote': '#!/bin/sh\n' },
      'dist/mote is no Linux executable for x86-64 or arm64',
    ],
    [
      'of an executable for another machine',
      { ...project, 'dist/mote-arm64': elf(243) },
      'dist/mote-arm64 is no Linux executable for x86-64 or arm64',
    ],
    [
      'of one architecture twice',
      { ...project, 'dist/mote-arm64': elf(62) },
      'two images for one architecture: amd64, amd64',
    ],
  ];
  for (const [name, files, message] of failures) {
    test(`${name} is refused`, () => assert.throws(() => build(folderWith(files), { tag }), { message }));
  }

  test('with a --ca file without certificates is refused', () => {
    const caFile = join(folderWith({ passwd: 'root' }), 'passwd');
    assert.throws(() => build(folderWith(project), { tag, caFile }), {
      message: `--ca: no certificate in ${caFile}`,
    });
  });
});

const epochs: readonly [text: string | undefined, seconds: number | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['1700000000', 1_700_000_000],
];
for (const [text, seconds] of epochs) {
  test(`SOURCE_DATE_EPOCH ${text} is ${seconds}`, () => assert.equal(epochFrom(text), seconds));
}
for (const text of ['today', '-1', '1.5', '1'.repeat(12)]) {
  test(`SOURCE_DATE_EPOCH ${text} is refused`, () => {
    assert.throws(() => epochFrom(text), { message: /^SOURCE_DATE_EPOCH is seconds since 1970, got "/ });
  });
}

test('Dockerfile.scratch describes the same image as this program', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const config = runConfig(JSON.parse(read('package.json')));
  const stage =
    read('Dockerfile.scratch')
      .replace(/\\\n\s*/g, '')
      .split('FROM scratch\n')[1] ?? '';
  const instructions = stage.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = (values: Readonly<Record<string, string>> = {}, quote = '') =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${quote}${value}${quote}`)
      .join(' ');
  const list = (words: readonly string[] = []) => `[${words.map((word) => `"${word}"`).join(', ')}]`;
  assert.deepEqual(
    instructions.filter((line) => !line.startsWith('COPY ')),
    [
      `LABEL ${pairs(config.labels, '"')}`,
      `ENV ${pairs(config.env)}`,
      `WORKDIR ${config.workingDir}`,
      `USER ${config.user}`,
      `EXPOSE ${config.exposedPorts?.join(' ')}`,
      `HEALTHCHECK --start-period=${config.healthcheck?.startPeriodSeconds}s CMD ${list(config.healthcheck?.command)}`,
      `ENTRYPOINT ${list(config.entrypoint)}`,
    ],
  );
  const targets = instructions.flatMap((line) => /^COPY --from=build \S+ (\S+)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(targets, [config.env?.SSL_CERT_FILE, config.entrypoint[0], '/web_root']);
});
