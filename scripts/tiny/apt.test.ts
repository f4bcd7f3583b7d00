/** How files come from Debian: the mirror in apt's settings, and what is said where there is none. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { type DebianFile, download, findMirror, type Mirror } from './apt.ts';
import { TinyError } from './arguments.ts';

const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
const security = `Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
`;

const settings: readonly (readonly [name: string, texts: readonly string[], mirror: Mirror | undefined])[] = [
  [
    'one line',
    ['deb http://mirror.test/debian bookworm main\n'],
    { uri: 'http://mirror.test/debian', signedBy: undefined },
  ],
  [
    'one line with options and other components',
    [
      `# comment\ndeb [arch=amd64 signed-by=${key}] https://mirror.test/debian/ trixie contrib main non-free\n`,
    ],
    { uri: 'https://mirror.test/debian/', signedBy: key },
  ],
  [
    'stanzas',
    [
      `${security}\nTypes: deb\n# http://old.test\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: ${key}\n`,
    ],
    { uri: 'http://mirror.test/debian', signedBy: key },
  ],
  [
    'a list of mirrors',
    ['Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie\nComponents: main\n'],
    { uri: 'mirror+file:///etc/apt/mirrors/debian.list', signedBy: undefined },
  ],
  [
    'a key in the stanza',
    [
      'Types: deb\nURIs: http://mirror.test/debian\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n',
    ],
    { uri: 'http://mirror.test/debian', signedBy: undefined },
  ],
  ['none', [], undefined],
  ['only security', [security], undefined],
  [
    'of another vendor',
    ['deb https://packages.test/apt cloud-bookworm main\n', 'deb http://mirror.test/ubuntu noble main\n'],
    undefined,
  ],
  [
    'disabled',
    ['Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\nEnabled: no\n'],
    undefined,
  ],
  ['commented out', ['# deb http://mirror.test/debian trixie main\n'], undefined],
];

describe('the mirror of Debian in the settings of apt', () => {
  for (const [name, texts, mirror] of settings) {
    test(name, () => assert.deepEqual(findMirror(texts), mirror));
  }
});

const wanted: readonly DebianFile[] = [
  { package: 'engine', architecture: 'source', file: 'engine_1.orig.tar.gz' },
  { package: 'library', architecture: 'arm64', file: 'library_1_arm64.deb' },
];

/** An apt-get that writes its arguments down, and ends with `script`. */
function useApt(t: TestContext, script: string): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  const log = join(folder, 'log');
  writeFileSync(join(folder, 'bin/apt-get'), `#!/bin/sh\necho "$*" >>${log}\n${script}\n`, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = [join(folder, 'bin'), PATH].join(delimiter);
  t.after(() => {
    process.env.PATH = PATH;
  });
  return log;
}

const MAKE = `case $* in
  *' update') ;;
  *' engine') touch engine_1.orig.tar.gz ;;
  *' library') touch library_1_arm64.deb ;;
esac`;
const skip = !findMirror(readSettingsHere()) && 'apt has no mirror of Debian here';

function readSettingsHere(): string[] {
  return ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'].flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8')];
    } catch {
      return [];
    }
  });
}

describe('bringing files', { skip }, () => {
  test('asks apt by a state of its own, for each processor', (t) => {
    const log = useApt(t, MAKE);
    download(wanted, temporaryFolder());
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    assert.equal(lines.length, 4);
    for (const line of lines) {
      for (const name of ['Dir::State', 'Dir::State::status', 'Dir::Cache', 'Dir::Etc::sourcelist']) {
        assert.match(line, new RegExp(`-o ${name}=/\\S*mote-apt-`));
      }
    }
    assert.ok(lines[1]?.endsWith(' source --download-only --tar-only engine'));
    assert.match(lines[3] ?? '', /-o APT::Architecture=arm64 .* download library$/);
  });

  const failures: readonly (readonly [name: string, script: string, message: RegExp])[] = [
    [
      'without net',
      'echo "E: Could not connect" >&2; exit 100',
      /^engine_1\.orig\.tar\.gz, library_1_arm64\.deb cannot be brought: apt-get update failed:\nE: Could not connect\nwithout net, put .* into a folder and give --sources DIR$/,
    ],
    [
      'of a version that the mirror no longer has',
      MAKE.replace('engine_1', 'engine_2'),
      /^Debian trixie no longer has engine_1\.orig\.tar\.gz \(it gave engine_2\.orig\.tar\.gz, .*--sources DIR/,
    ],
  ];
  for (const [name, script, message] of failures) {
    test(name, (t) => {
      useApt(t, script);
      assert.throws(
        () => download(wanted, temporaryFolder()),
        (error) => {
          assert.ok(error instanceof TinyError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
