import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from './reference.ts';

const cases: readonly [text: string, familiar: string, canonical: string, tag: string][] = [
  ['mote', 'mote:latest', 'docker.io/library/mote:latest', 'latest'],
  ['mote:0.1.0', 'mote:0.1.0', 'docker.io/library/mote:0.1.0', '0.1.0'],
  ['someone/mote', 'someone/mote:latest', 'docker.io/someone/mote:latest', 'latest'],
  ['ghcr.io/someone/mote:V1', 'ghcr.io/someone/mote:V1', 'ghcr.io/someone/mote:V1', 'V1'],
  ['localhost/mote', 'localhost/mote:latest', 'localhost/mote:latest', 'latest'],
  ['localhost:5000/a/mote', 'localhost:5000/a/mote:latest', 'localhost:5000/a/mote:latest', 'latest'],
  ['host:5000/mote:1', 'host:5000/mote:1', 'host:5000/mote:1', '1'],
  ['a-b__c.d_e', 'a-b__c.d_e:latest', 'docker.io/library/a-b__c.d_e:latest', 'latest'],
];
for (const [text, familiar, canonical, tag] of cases) {
  test(`${text} is ${canonical}`, () => {
    assert.deepEqual(parseReference(text), { familiar, canonical, tag });
  });
}

const wrong = [
  '',
  'Mote',
  'mote:',
  ':latest',
  'mote:a b',
  '/mote',
  'mote/',
  'a//b',
  'mote@sha256:00',
  '-mote',
];
for (const text of [...wrong, `mote:${'x'.repeat(129)}`]) {
  test(`${JSON.stringify(text).slice(0, 20)} is refused`, () => {
    assert.throws(() => parseReference(text), /is no image name; mote:latest is one/);
  });
}
