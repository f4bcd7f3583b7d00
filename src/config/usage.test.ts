import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedCommands } from './commands.ts';
import { options } from './options.ts';
import { optionsTable, topics, usage, usageOf } from './usage.ts';

function helpOn(topic: string): string {
  const text = usageOf(topic);
  assert.ok(text.ok, topic);
  return text.value;
}

test('every help fits 80 columns of plain ASCII, and the first one a screen', () => {
  const keys = options.map(({ key }) => key);
  const asked = [...topics, ...keys, ...namedCommands.map(([name]) => name)];
  for (const text of [usage(), ...asked.map(helpOn)]) {
    assert.ok(text.endsWith('\n'));
    for (const line of text.split('\n')) assert.match(line, /^[\x20-\x7E]{0,80}$/);
  }
  assert.ok(usage().split('\n').length <= 42, 'what people need');
  assert.ok(usage().indexOf('Examples:') < usage().indexOf('--port'));
  assert.equal(usage().match(/^ {2}(-\w, )?--/gm)?.length, 10);
});

test('a topic has its options and commands, an option itself, and what there is not is refused', () => {
  assert.match(helpOn('limits'), /--idle-timeout-ms[\s\S]*--max-connections/);
  assert.match(helpOn('notify'), /--spool DIR[\s\S]*mote notify-test/);
  assert.doesNotMatch(helpOn('files'), /--port|mote token/);
  assert.match(helpOn('spool'), /mote spool purge/);
  assert.match(helpOn('port'), /^ {2}-p, --port PORT +The TCP port; .*\n/);
  assert.match(helpOn('config'), /--config FILE/);
  for (const name of ['--port', '-p', '--port=80', 'MOTE_PORT', 'PORT'])
    assert.equal(helpOn(name), helpOn('port'), name);
  for (const name of ['--spa', '--no-spa', 'MOTE_SPA']) assert.equal(helpOn(name), helpOn('spa'), name);
  assert.equal(helpOn('MOTE_AUTH_FILE'), helpOn('auth'));
  for (const topic of ['', 'nonsense', '__proto__', 'serve']) assert.equal(usageOf(topic).ok, false, topic);
});

test('a word close to one that there is gets it, what is refused on purpose its alternative, others the list', () => {
  const cases: readonly (readonly [word: string, said: RegExp])[] = [
    ['filse', /^help: filse: no such topic; did you mean files\?$/],
    ['Files', /did you mean files\?$/],
    ['limit', /did you mean limits\?$/],
    ['--prot', /did you mean port\?$/],
    ['completions', /did you mean completion\?$/],
    ['upload', /^help: upload: mote has no upload, on purpose: .*rsync/],
    ['--proxy', /mote has no proxying/],
    ['nonsense', /^help: received "nonsense"; allowed: files, .*, an option or a command$/],
    ['\x1b[2J', /^help: received "\\u001b\[2J"/],
  ];
  for (const [word, said] of cases) {
    const answer = usageOf(word);
    assert.match(answer.ok ? answer.value : answer.error, said);
  }
});

test('the whole help has one entry for each option, under its group', () => {
  const groups = helpOn('all').split(/\n(?=\S[^\n]*:\n {2}-)/);
  for (const option of options) {
    const entry = option.kind === 'boolean' ? `--[no-]${option.key}` : `${option.flag} ${option.label}`;
    const isEntry = (line: string) => `${line.trim().replace(/^-\w, /, '')} `.startsWith(`${entry} `);
    const holders = groups.filter((text) => text.split('\n').some(isEntry));
    assert.deepEqual(
      holders.map((text) => text.split(':\n')[0]),
      [option.group],
    );
  }
});

test('an entry shows what the option does, its bounds and its default', () => {
  assert.ok(
    helpOn('caching').includes(
      [
        '  --cache-bytes BYTES         Memory for the cache of small files; 0 turns it',
        '                              off. Allowed: from 0 to 64G. [32M]',
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
    '| `--port PORT` `-p` | `MOTE_PORT` `PORT` | `8080` | The TCP port; 0 chooses a free one and prints it. ' +
      'Also the second argument. Allowed: from 0 to 65535. |',
  );
  assert.match(rowOf('--auth') ?? '', /\| `MOTE_AUTH` `MOTE_AUTH_FILE` \| {2}\|/);
  assert.match(rowOf('--[no-]security-headers') ?? '', /\| `on` \|/);
});
