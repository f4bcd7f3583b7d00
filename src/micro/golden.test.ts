/**
 * The bytes of every program, as fingerprints: a change that is to leave the programs as they are is held to it.
 * Whoever changes them on purpose replaces the fingerprints by those that the failure shows.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Assembled } from '../asm/assembler.ts';
import { assembleA64Full, assembleA64Site } from './a64-full.ts';
import { assembleA64Record } from './a64-record.ts';
import { assembleA64Standard } from './a64-server.ts';
import type { SiteFile } from './content.ts';
import type { Layout } from './elf.ts';
import { assembleFull, assembleSite } from './full.ts';
import { assembleRecord } from './record.ts';
import { assembleStandard } from './server.ts';

const port = 8080;
const page = {
  content: Buffer.from('<p>some words of text\n'.repeat(50)),
  contentType: 'text/html;charset=utf-8',
};
const files: readonly SiteFile[] = [
  { ...page, segments: ['index.html'] },
  { ...page, segments: ['docs', 'index.html'] },
  { ...page, segments: ['404.html'] },
  { segments: ['style.css'], content: Buffer.alloc(500), contentType: 'text/css; charset=utf-8' },
  { segments: ['logo.png'], content: Buffer.from('does not pack'), contentType: 'image/png' },
];

const profiles: Readonly<Record<string, (layout: Layout) => Assembled>> = {
  'record x86-64': (layout) => assembleRecord(page.content, layout),
  'standard x86-64': (layout) => assembleStandard({ page, port, layout }),
  'full x86-64': (layout) => assembleFull({ page, port, layout }),
  'site x86-64': (layout) => assembleSite({ files, port, layout }),
  'record arm64': (layout) => assembleA64Record(page.content, layout),
  'standard arm64': (layout) => assembleA64Standard({ page, port, layout }),
  'full arm64': (layout) => assembleA64Full({ page, port, layout }),
  'site arm64': (layout) => assembleA64Site({ files, port, layout }),
};

/** Length and SHA-256, with the header `compact` and `strict`. */
const golden: Readonly<Record<string, Readonly<Record<Layout, string>>>> = {
  'record x86-64': {
    compact: '1304 e772531dba2ea6f0b7fa99bdd471084f6d2f8b8ced3cc0bf0f454b8723a9614d',
    strict: '1340 4accef0529fbf7b54ea377a56e3cd67030b60d38240d819f16dca4f7f6671e94',
  },
  'standard x86-64': {
    compact: '1845 3366752fa2abc39d883c09cc2ab564a64ae30145191b025d2def74d1b03c4b89',
    strict: '1881 51d1e1f1eef6498163ebb73bd7979dcce325e2a1c7d501d572f0eaffe773cd2c',
  },
  'full x86-64': {
    compact: '1218 dbb3b864ce2158151c8fc2e713e9b03c7aabd67ae7705d24a351e0b8bd51a739',
    strict: '1255 4a710b1691c420991c98b95070b9a8106fa08c94e3ac488eca2431083642728f',
  },
  'site x86-64': {
    compact: '1514 d1910f1b72cd8370c28b4b27799e2e6673692d8052e2c28ca25aed4acf2ae8bf',
    strict: '1551 7b3432addd3a2eff9fdd1c1c8bfab1e203c530285d5ab2a990b0fdb71a75c8e5',
  },
  'record arm64': {
    compact: '1383 ebbc08d47c9f95fd0c2d902245bfac6e5140e88d7ae313710f232373a3b2c9a6',
    strict: '1419 4d8ae035b9ff4bce92dbd869c5a2a3f2dcd9afb5fd7efd0c360d42b9a3a40f14',
  },
  'standard arm64': {
    compact: '2104 2110288b73dc89d84370ed86e22db147ec479505f55bad3d80982dd78e2f20d4',
    strict: '2140 c8788b54947cdb32a3ee51ba9a378bdc1ac646dfaa26a742fd1a1f0b9acc5b53',
  },
  'full arm64': {
    compact: '1651 6fbbc800ac0248a0982b4c3fdd1769bd77ef85a38910087fbcfcc270b9387178',
    strict: '1687 c72093bf9c21a1727047ca6fe3b964db3d590af86c893e78ced0e484a98991d6',
  },
  'site arm64': {
    compact: '1947 3d08fe4554a747c8a650bce18a3b5334715e6c4ed69d7ed6e75399c0605c4478',
    strict: '1983 6badc40ff14e4894a55dfa1d93ec84e03da57e3bf9f550ce8ee0b268feb1d125',
  },
};

function fingerprint({ bytes }: Assembled): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}

for (const [name, assemble] of Object.entries(profiles)) {
  test(`${name} is the same to the byte`, () => {
    const found = { compact: fingerprint(assemble('compact')), strict: fingerprint(assemble('strict')) };
    assert.deepEqual(found, golden[name]);
  });
}
