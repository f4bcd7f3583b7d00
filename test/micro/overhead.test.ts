/** mote-micro: how many bytes of a program are not what it serves, on either processor. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arch, build } from '../../scripts/micro/micro.ts';
import { pattern } from '../support/folder.ts';
import { siteFile } from '../support/micro.ts';

/** As the README has them, for a page with a length of four digits. */
const forPages: readonly (readonly [profile: string, arch: Arch, bytes: number])[] = [
  ['record', 'x86-64', 204],
  ['standard', 'x86-64', 745],
  ['full', 'x86-64', 1173],
  ['record', 'arm64', 283],
  ['standard', 'arm64', 1004],
  ['full', 'arm64', 1606],
];
/** Beside 100 for each file. */
const forSites: readonly (readonly [arch: Arch, bytes: number])[] = [
  ['x86-64', 1350],
  ['arm64', 1779],
];
const html = (title: string, paragraphs: number) =>
  `<!doctype html><title>${title}</title>${`<p>${title}, and so on</p>\n`.repeat(paragraphs)}`;

describe('beside a page', () => {
  const page = { content: Buffer.alloc(1000), contentType: 'text/html;charset=utf-8' };
  for (const [profile, arch, bytes] of forPages) {
    test(`${profile} for ${arch}: ${bytes} bytes`, () => {
      assert.equal(build(profile, { kind: 'page', page }, { port: 8080, arch }).overheadBytes, bytes);
    });
  }
});

describe('beside the files of a site', () => {
  const kinds = [
    (index: number) => siteFile(`folder${index}/index.html`, html(`${index}`, 20 + index)),
    (index: number) => siteFile(`assets/picture-${index}.png`, pattern(900, index * 0x01010101)),
    (index: number) => siteFile(`articles/some-longer-title-${index}.html`, html(`${index}`, 30 + index)),
  ];
  for (const [arch, bytes] of forSites) {
    for (const count of [1, 5, 50]) {
      test(`${count} files for ${arch}: at most ${bytes} bytes, and 100 for each`, () => {
        for (const kind of kinds) {
          const files = Array.from({ length: count }, (_, index) => kind(index));
          const { overheadBytes } = build('site', { kind: 'site', files }, { port: 8080, arch });
          assert.ok(overheadBytes <= bytes + 100 * count, `${overheadBytes}`);
        }
      });
    }
  }
});
