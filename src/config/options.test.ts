import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../http/types.ts';
import { success } from '../util/result.ts';
import { type Config, defaults, options } from './options.ts';
import type { BasicUser } from './parse.ts';

/** What the compiler must derive from the table, for one option of each kind. */
interface Derived {
  readonly path: string;
  readonly logFormat: 'auto' | 'pretty' | 'combined' | 'json' | 'off';
  readonly port: number;
  readonly listing: boolean;
  readonly headers: HeaderList;
  readonly corsOrigins: readonly string[];
  readonly auth: readonly BasicUser[];
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const derived: Same<Pick<Config, keyof Derived>, Derived> = true;

test('Config is derived from the table', () => {
  assert.ok(derived);
  assert.deepEqual(
    Object.keys(defaults),
    options.map(({ property }) => property),
  );
});

test('keys are the properties in kebab case, apart from those that state their own', () => {
  const names = new Map(
    options.map(({ property, key, flag, envNames }) => [property, [key, flag, ...envNames]]),
  );
  assert.deepEqual(names.get('maxRequestsPerConnection'), [
    'max-requests-per-connection',
    '--max-requests-per-connection',
    'MOTE_MAX_REQUESTS_PER_CONNECTION',
  ]);
  assert.deepEqual(names.get('headers'), ['header', '--header', 'MOTE_HEADER']);
  assert.deepEqual(names.get('corsOrigins'), ['cors', '--cors', 'MOTE_CORS']);
  assert.deepEqual(names.get('port'), ['port', '--port', 'MOTE_PORT', 'PORT']);
});

test('no two options share a name', () => {
  const flags = options.flatMap(({ kind, flag, key }) =>
    kind === 'boolean' ? [flag, `--no-${key}`] : [flag],
  );
  const variables = options.flatMap(({ envNames }) => envNames);
  for (const names of [flags, variables]) assert.equal(new Set(names).size, names.length);
});

test('positional arguments are numbered without gaps', () => {
  const places = options.flatMap(({ positional }) => (positional === undefined ? [] : [positional]));
  assert.deepEqual(places.sort(), [0, 1]);
});

for (const option of options) {
  test(`${option.flag}: its default is allowed and its documentation is in sentences`, () => {
    if (option.kind === 'text') assert.deepEqual(option.parse(option.default), success(option.default));
    if (option.kind === 'number') {
      assert.ok(option.min <= option.default && option.default <= option.max);
    }
    assert.match(option.doc, /^[A-Z].*\.$/);
  });
}
