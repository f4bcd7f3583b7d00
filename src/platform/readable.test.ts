import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Places, readableFor } from './readable.ts';

const mount = '36 35 98:0 /site /web_root ro,noatime - ext4 /dev/root rw';

function system({
  links = {},
  ...rest
}: Partial<Places> & { links?: Record<string, string | undefined> }): Places {
  const realpath = (path: string) => (path in links ? links[path] : path);
  return { realpath, mounts: '', isFirstProcess: false, ...rest };
}

type Case = readonly [
  name: string,
  paths: readonly string[],
  system: Places,
  places: readonly string[] | RegExp,
];

const cases: readonly Case[] = [
  ['nothing', [], system({}), []],
  ['a folder, since each folder above it can be replaced', ['/srv/www/site'], system({}), ['/srv']],
  [
    'a link, and where it leads',
    ['/srv/now'],
    system({ links: { '/srv/now': '/data/r/5' } }),
    ['/srv', '/data'],
  ],
  ['a file that is missing now', ['/etc/hosts'], system({ links: { '/etc/hosts': undefined } }), ['/etc']],
  ['a folder that is missing now', ['/x/y'], system({ links: { '/x/y': undefined, '/x': undefined } }), []],
  ['a top-level folder can be replaced', ['/site'], system({}), /^\/site can be replaced$/],
  [
    'a link to one as well',
    ['/srv/now'],
    system({ links: { '/srv/now': '/site' } }),
    /^\/site can be replaced$/,
  ],
  ['the root of all', ['/'], system({}), /^\/ can be replaced$/],
  ['a mount of a container', ['/web_root'], system({ mounts: mount, isFirstProcess: true }), ['/web_root']],
  [
    'a mount of a container that is a part of another',
    ['/web_root/en'],
    system({ mounts: mount, isFirstProcess: true }),
    ['/web_root'],
  ],
  ['a mount beside other processes', ['/web_root'], system({ mounts: mount }), /replaced/],
  [
    'a mount that can be mounted anew from outside',
    ['/web_root'],
    system({ mounts: mount.replace('noatime', 'noatime master:7'), isFirstProcess: true }),
    /replaced/,
  ],
  ['no mount', ['/site'], system({ mounts: mount, isFirstProcess: true }), /replaced/],
];

describe('what has to be readable', () => {
  for (const [name, paths, places, expected] of cases) {
    test(name, () => {
      const found = readableFor(paths, places);
      if (expected instanceof RegExp) assert.match(found.kind === 'everything' ? found.reason : '', expected);
      else assert.deepEqual(found, { kind: 'places', places: expected });
    });
  }
});
