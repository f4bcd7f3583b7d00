import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OTHER_AUTHORITY, PEM } from '../http/fixtures.ts';
import { readTrust } from './ca-bundle.ts';

const USUAL = '/etc/ssl/certs/ca-certificates.crt';

/** A system with these files; an Error is what reading throws. */
function system(files: Readonly<Record<string, string | Error>>) {
  const reads: string[] = [];
  const readFile = (path: string): string => {
    reads.push(path);
    const content = files[path] ?? Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    if (typeof content === 'string') return content;
    throw content;
  };
  return { reads, readFile };
}

const failing = (code: string) => Object.assign(new Error(code), { code });

describe('which bundle is read', () => {
  const all = { [USUAL]: PEM, '/etc/ssl/cert.pem': PEM, '/own.pem': PEM };
  const cases: readonly (readonly [
    name: string,
    caFile: string,
    files: Readonly<Record<string, string>>,
    read: string,
  ])[] = [
    ['the usual one', '', all, USUAL],
    ['the one of the configuration', '/own.pem', all, '/own.pem'],
    ['that of another system', '', { '/etc/ssl/cert.pem': PEM }, '/etc/ssl/cert.pem'],
  ];
  for (const [name, caFile, files, expected] of cases) {
    test(name, () => {
      const { reads, readFile } = system(files);
      assert.equal(readTrust(caFile, readFile).rejectUnauthorized, true);
      assert.equal(reads.at(-1), expected);
    });
  }

  test('a bundle of several certificates', () => {
    readTrust('', system({ [USUAL]: `# comment\n${PEM}\n${OTHER_AUTHORITY}` }).readFile);
  });
});

describe('no bundle, no connections', () => {
  const named = '/own.pem';
  const cases: readonly (readonly [
    name: string,
    caFile: string,
    files: Readonly<Record<string, string | Error>>,
    message: string | RegExp,
  ])[] = [
    [
      'nothing in any usual place',
      '',
      {},
      `no CA bundle: ${USUAL} is missing; put one there, or name it in SSL_CERT_FILE`,
    ],
    [
      'nothing where the variable says, whatever there is elsewhere',
      named,
      { [USUAL]: PEM },
      'no CA bundle: SSL_CERT_FILE names /own.pem, which does not exist',
    ],
    [
      'one that may not be read',
      '',
      { [USUAL]: failing('EACCES') },
      `no CA bundle: ${USUAL} cannot be read (EACCES)`,
    ],
    [
      'a folder',
      named,
      { '/own.pem': failing('EISDIR') },
      'no CA bundle: SSL_CERT_FILE names /own.pem, which cannot be read (EISDIR)',
    ],
    ['an empty file', '', { [USUAL]: '' }, `the CA bundle ${USUAL} holds no certificate in PEM form`],
    [
      'a key only',
      named,
      { '/own.pem': PEM.slice(0, 100) },
      /^the CA bundle \/own\.pem holds no certificate/,
    ],
  ];
  for (const [name, caFile, files, message] of cases) {
    test(name, () => {
      assert.throws(() => readTrust(caFile, system(files).readFile), { name: 'TrustError', message });
    });
  }
});
