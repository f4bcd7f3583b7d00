import assert from 'node:assert/strict';
import { test } from 'node:test';
import { options } from './options.ts';
import { unknownName } from './problems.ts';
import { refusedFeatures } from './refused-features.ts';
import { usage } from './usage.ts';

test('what is refused is named with an alternative, whatever asks for it', () => {
  const cases: readonly (readonly [name: string, said: RegExp])[] = [
    ['--upload', /^--upload: mote has no upload, on purpose: .*rsync/],
    ['--webdav', /no WebDAV, on purpose: .*rclone/],
    ['--zip', /no zip of folders/],
    ['--livereload', /no live reload/],
    ['--live-reload', /no live reload/],
    ['--watch', /no live reload/],
    ['--proxy', /no proxying/],
    ['--cgi', /no CGI/],
    ['--acme', /no ACME.*certbot/],
    ['--vhost', /no virtual hosts/],
    ['--htpasswd', /no directory passwords.*--auth/],
    ['--smtp-listen', /no SMTP listener/],
    // As miniserve, dufs, ntfy and others have them.
    ['--allow-upload', /no upload/],
    ['--enable-tar-gz', /no zip of folders/],
    ['--allow-archive', /no zip of folders/],
    ['--allow-delete', /no upload/],
    ['--smtp-server-listen', /no SMTP listener/],
    ['--domain', /no virtual hosts/],
    ['--no-watch', /no live reload/],
    ['MOTE_UPLOAD', /^MOTE_UPLOAD: mote has no upload/],
    ['virtualHosts', /no virtual hosts/],
  ];
  for (const [name, said] of cases) assert.match(unknownName(name, 'flag', ['--spa', '--charset']), said);
});

test('typing errors still get a suggestion', () => {
  const known = options.map(({ flag }) => flag);
  assert.match(unknownName('--lsting', 'flag', known), /did you mean --listing\?/);
  assert.match(unknownName('--trusted', 'flag', known), /did you mean --trusted-proxies\?/);
});

test('no option has the name of what is refused', () => {
  const refused = refusedFeatures.flatMap(({ words }) => words);
  for (const { key } of options) assert.ok(!refused.includes(key.replaceAll('-', '')), key);
});

test('the help ends with what is refused', () => {
  const end = usage().replaceAll('\n', ' ').slice(-300);
  for (const { name } of refusedFeatures) assert.ok(end.includes(name), name);
});
