import assert from 'node:assert/strict';
import { test } from 'node:test';
import { options } from './options.ts';
import { optionsTable, usage } from './usage.ts';

test('the help fits 100 columns of plain ASCII', () => {
  for (const line of usage().split('\n')) assert.match(line, /^[\x20-\x7E]{0,100}$/);
});

test('the help has one entry for each option, under its group', () => {
  const groups = usage().split(/\n(?=\S[^\n]*:\n {2}-)/);
  for (const option of options) {
    const entry =
      option.kind === 'boolean' ? `\n  --[no-]${option.key} ` : `\n  ${option.flag} ${option.label} `;
    const holders = groups.filter((text) => text.includes(entry));
    assert.deepEqual(
      holders.map((text) => text.split(':\n')[0]),
      [option.group],
    );
  }
});

test('an entry shows what the option does, its bounds and its default', () => {
  assert.ok(
    usage().includes(
      [
        '  --cache-bytes BYTES             Memory for the cache of small files; 0 turns it off. Allowed: from',
        '                                  0 to 64G. [32M]',
      ].join('\n'),
    ),
  );
});

test('the table has one row of four cells for each option and one for the file', () => {
  const rows = optionsTable().split('\n');
  assert.equal(rows.length, 2 + options.length + 1);
  for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, 6);
});

test('a row names the variables and the default', () => {
  const rows = optionsTable().split('\n');
  const rowOf = (start: string) => rows.find((row) => row.startsWith(`| \`${start}`));
  assert.equal(
    rowOf('--port'),
    '| `--port PORT` | `MOTE_PORT` `PORT` | `8080` | The TCP port; 0 chooses a free one and prints it. ' +
      'Also the second argument. Allowed: from 0 to 65535. |',
  );
  assert.match(rowOf('--auth') ?? '', /\| `MOTE_AUTH` `MOTE_AUTH_FILE` \| {2}\|/);
  assert.match(rowOf('--[no-]security-headers') ?? '', /\| `on` \|/);
});
