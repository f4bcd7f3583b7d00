import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeQuery, headRefusal, MAX_HEADER_FIELDS, splitTarget } from './guard.ts';

const MAX_TARGET_BYTES = 64;

interface Head {
  readonly target: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

function refusal(changed: Partial<Head>): string | undefined {
  const good: Head = { target: '/', httpVersion: '1.1', rawHeaders: ['Host', 'localhost'] };
  const { target, httpVersion, rawHeaders } = { ...good, ...changed };
  return headRefusal(target, httpVersion, rawHeaders, MAX_TARGET_BYTES);
}

describe('raw UTF-8 in a query is percent-encoded', () => {
  const raw = (text: string) => Buffer.from(text).toString('latin1');
  const cases: readonly [name: string, target: string, expected: string][] = [
    ['ASCII stays', '/a%20b?x=%E6', '/a%20b?x=%E6'],
    ['the query', raw('/T.send?title=测试'), '/T.send?title=%E6%B5%8B%E8%AF%95'],
    ['the path stays', raw('/é'), raw('/é')],
    ['the path stays, with a query too', raw('/é?é'), `${raw('/é')}?%C3%A9`],
    ['what is not UTF-8 stays', '/?\xe9', '/?\xe9'],
    ['a part of a character stays', raw('/?测').slice(0, -1), raw('/?测').slice(0, -1)],
    ['an overlong slash stays', '/?..\xc0\xaf', '/?..\xc0\xaf'],
  ];
  for (const [name, target, expected] of cases) {
    test(name, () => {
      assert.equal(encodeQuery(target), expected);
      assert.equal(
        refusal({ target: encodeQuery(target) }),
        /^[!-~]+$/.test(expected) ? undefined : 'bad_request',
      );
    });
  }
});

describe('the version', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    '1.1': undefined,
    '1.0': undefined,
    '0.9': 'bad_request',
    '2.0': 'version_not_supported',
  };
  for (const [httpVersion, expected] of Object.entries(cases)) {
    test(`${httpVersion}: ${expected ?? 'passes'}`, () => assert.equal(refusal({ httpVersion }), expected));
  }

  test('comes before everything that another version may mean differently', () => {
    assert.equal(refusal({ httpVersion: '2.0', target: '*', rawHeaders: [] }), 'version_not_supported');
  });
});

test('as many fields as there may be pass; one more could be where the parser begins to hide them', () => {
  const fields = (count: number) => ['Host', 'a', ...Array(2 * (count - 1)).fill('x')];
  assert.equal(refusal({ rawHeaders: fields(MAX_HEADER_FIELDS) }), undefined);
  assert.equal(refusal({ rawHeaders: fields(MAX_HEADER_FIELDS + 1) }), 'headers_too_large');
});

describe('Host', () => {
  const good: readonly (readonly [name: string, host: string])[] = [
    ['a name', 'example.org'],
    ['a name and a port', 'example.org:8080'],
    ['an empty port (RFC 3986 §3.2.3)', 'example.org:'],
    ['upper case', 'EXAMPLE.org'],
    ['a final dot', 'example.org.'],
    ['an underscore, as container networks use it', 'my_service'],
    ['IPv4', '127.0.0.1:80'],
    ['IPv6', '[::1]'],
    ['IPv6 and a port', '[2001:db8::1]:8080'],
    ['IPv6 with IPv4 in it', '[::ffff:127.0.0.1]'],
    ['percent-encoding', 'ex%61mple.org'],
    ['IPv6 with a zone (RFC 6874)', '[fe80::1%25eth0]:8080'],
    ['IPv6 with a zone as it is typed', '[fe80::1%eth0]'],
    ['nothing, where there is no authority (RFC 9112 §3.2)', ''],
  ];
  for (const [name, host] of good) {
    test(`${name}: ${host}`, () => {
      // The second time it is a host that has been seen.
      for (let i = 0; i < 2; i++) assert.equal(refusal({ rawHeaders: ['Host', host] }), undefined);
    });
  }

  const bad: readonly (readonly [name: string, host: string])[] = [
    ['an empty zone', '[fe80::1%]'],
    ['a zone with a slash', '[fe80::1%eth/0]'],
    ['a zone without an address', '[%eth0]'],
    ['white space', 'a b'],
    ['userinfo', 'user@example.org'],
    ['a path', 'example.org/x'],
    ['a query', 'example.org?x'],
    ['a fragment', 'example.org#x'],
    ['two hosts in one field', 'a.example, b.example'],
    ['a comma', 'a.example,b.example'],
    ['a backslash', 'a\\b'],
    ['a quote', '"a"'],
    ['a letter as port', 'a:b'],
    ['a port of six digits', 'a:123456'],
    ['two ports', 'a:1:2'],
    ['a port alone', ':80'],
    ['IPv6 without brackets', '::1'],
    ['an open bracket', '[::1'],
    ['empty brackets', '[]'],
    ['something behind the brackets', '[::1]a'],
    ['bytes beyond ASCII', 'ex\xe4mple.org'],
    ['a line break in the middle', 'a\nb'],
    ['a line break at the end', 'example.org\n'],
  ];
  for (const [name, host] of bad) {
    test(`refused, ${name}: ${JSON.stringify(host)}`, () => {
      assert.equal(refusal({}), undefined);
      assert.equal(refusal({ rawHeaders: ['Host', host] }), 'bad_request');
    });
  }

  const counts: readonly (readonly [name: string, head: Partial<Head>, refusal: string | undefined])[] = [
    ['none', { rawHeaders: [] }, 'bad_request'],
    ['none, but others', { rawHeaders: ['Accept', '*/*', 'X-Host', 'a'] }, 'bad_request'],
    ['none in HTTP/1.0', { rawHeaders: [], httpVersion: '1.0' }, undefined],
    ['one in HTTP/1.0', { httpVersion: '1.0' }, undefined],
    ['a bad one in HTTP/1.0', { httpVersion: '1.0', rawHeaders: ['Host', 'a/b'] }, 'bad_request'],
    ['two', { rawHeaders: ['Host', 'a', 'Host', 'b'] }, 'bad_request'],
    ['two alike', { rawHeaders: ['Host', 'a', 'Accept', '*/*', 'hOST', 'a'] }, 'bad_request'],
    ['two in HTTP/1.0', { httpVersion: '1.0', rawHeaders: ['Host', 'a', 'host', 'a'] }, 'bad_request'],
    ['in any case', { rawHeaders: ['hOsT', 'a'] }, undefined],
    ['as a value', { rawHeaders: ['X-A', 'Host'] }, 'bad_request'],
    ['two values that spell it', { rawHeaders: ['Host', 'host', 'X-A', 'host'] }, undefined],
  ];
  for (const [name, head, expected] of counts) {
    test(`${name}: ${expected ?? 'passes'}`, () => assert.equal(refusal(head), expected));
  }
});

describe('Transfer-Encoding', () => {
  const cases: readonly (readonly [name: string, value: string, httpVersion: string, expected: unknown])[] = [
    ['chunked', 'chunked', '1.1', undefined],
    ['chunked in any case, with white space around', ' \tChunKED\t ', '1.1', undefined],
    ['empty', '', '1.1', 'bad_request'],
    ['blank', ' \t', '1.1', 'bad_request'],
    ['in HTTP/1.0', 'chunked', '1.0', 'bad_request'],
    ['another coding inside', 'gzip, chunked', '1.1', 'not_implemented'],
    ['two more inside', 'deflate,gzip ,\tchunked', '1.1', 'not_implemented'],
    ['another coding with a parameter', 'foo;a=b ; c=d, chunked', '1.1', 'not_implemented'],
    ['identity, which is no coding any more', 'identity, chunked', '1.1', 'not_implemented'],
    ['another coding in HTTP/1.0', 'gzip, chunked', '1.0', 'bad_request'],
    ['chunked twice', 'chunked, chunked', '1.1', 'bad_request'],
    ['chunked before the last', 'chunked, gzip', '1.1', 'bad_request'],
    ['chunked not at all', 'gzip', '1.1', 'bad_request'],
    ['an empty member first', ',chunked', '1.1', 'bad_request'],
    ['an empty member last', 'chunked,', '1.1', 'bad_request'],
    ['a quoted member', '"gzip", chunked', '1.1', 'bad_request'],
    ['two words in a member', 'gzip chunked', '1.1', 'bad_request'],
    ['white space of other alphabets', '\u00a0chunked', '1.1', 'bad_request'],
    ['a vertical tab', '\x0bchunked', '1.1', 'bad_request'],
  ];
  for (const [name, value, httpVersion, expected] of cases) {
    test(`${name}: ${expected ?? 'passes'}`, () => {
      const rawHeaders = ['Host', 'a', 'transfer-ENCODING', value];
      assert.equal(refusal({ rawHeaders, httpVersion }), expected);
    });
  }

  test('two fields are one list', () => {
    const fields = (...values: string[]) => [
      'Host',
      'a',
      ...values.flatMap((value) => ['Transfer-Encoding', value]),
    ];
    assert.equal(refusal({ rawHeaders: fields('gzip', 'chunked') }), 'not_implemented');
    assert.equal(refusal({ rawHeaders: fields('chunked', 'gzip') }), 'bad_request');
  });

  test('is judged in time that grows with its length', () => {
    for (const value of [' '.repeat(500_000), `x${' '.repeat(500_000)}x`, `${'a;b=c '.repeat(80_000)}"`]) {
      const startMs = performance.now();
      refusal({ rawHeaders: ['Host', 'a', 'Transfer-Encoding', value] });
      assert.ok(performance.now() - startMs < 500);
    }
  });
});

describe('Expect', () => {
  const cases: readonly (readonly [value: string, httpVersion: string, expected: unknown])[] = [
    ['100-continue', '1.1', undefined],
    ['100-Continue', '1.1', undefined],
    ['tea', '1.1', 'expectation_failed'],
    ['', '1.1', 'expectation_failed'],
    ['100-continue, tea', '1.1', 'expectation_failed'],
    ['"100-continue"', '1.1', 'expectation_failed'],
    ['tea', '1.0', undefined],
  ];
  for (const [value, httpVersion, expected] of cases) {
    test(`${JSON.stringify(value)} in HTTP/${httpVersion}: ${expected ?? 'passes'}`, () => {
      assert.equal(refusal({ rawHeaders: ['Host', 'a', 'eXpect', value], httpVersion }), expected);
    });
  }
});

describe('RTSP, which llhttp takes for HTTP', () => {
  test('by its sequence number', () => {
    assert.equal(refusal({ httpVersion: '1.0', rawHeaders: ['cSeQ', '1'] }), 'bad_request');
  });

  test('by the asterisk, which HTTP/1.0 does not have', () => {
    assert.equal(refusal({ target: '*', httpVersion: '1.0', rawHeaders: [] }), 'bad_request');
    assert.equal(refusal({ target: '*' }), undefined);
  });

  test('by its methods', () => {
    for (const method of ['DESCRIBE', 'SETUP', 'GET_PARAMETER'])
      assert.equal(splitTarget(method, '/'), undefined);
  });
});

describe('the target', () => {
  const cases: readonly (readonly [name: string, target: string, expected: string | undefined])[] = [
    ['a path', '/a%20b?c=d', undefined],
    ['every visible character but the hash', '/!"$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~', undefined],
    ['as long as allowed', '/'.padEnd(MAX_TARGET_BYTES, 'a'), undefined],
    ['one more', '/'.padEnd(MAX_TARGET_BYTES + 1, 'a'), 'uri_too_long'],
    ['too long, and bad', '/\x80'.padEnd(MAX_TARGET_BYTES + 1, 'a'), 'uri_too_long'],
    ['nothing', '', 'bad_request'],
    ['a fragment', '/a#b', 'bad_request'],
    ['a space', '/a b', 'bad_request'],
    ['a tab', '/a\tb', 'bad_request'],
    ['a NUL', '/a\0', 'bad_request'],
    ['a delete', '/a\x7f', 'bad_request'],
    ['a byte beyond ASCII', '/caf\xe9', 'bad_request'],
    ['a line break at the end', '/a\n', 'bad_request'],
  ];
  for (const [name, target, expected] of cases) {
    test(`${name}: ${expected ?? 'passes'}`, () => assert.equal(refusal({ target }), expected));
  }
});

describe('splitting a target', () => {
  const cases: readonly (readonly [name: string, method: string, target: string, expected: string])[] = [
    ['a path', 'GET', '/a', '/a | '],
    ['a path and a query', 'GET', '/a?b=c', '/a | ?b=c'],
    ['an empty query', 'GET', '/a?', '/a | ?'],
    ['two question marks', 'GET', '/a?b?c', '/a | ?b?c'],
    ['the root', 'GET', '/', '/ | '],
    ['what looks like another host', 'GET', '//evil.example/a', '//evil.example/a | '],
    ['encoded, and left so', 'GET', '/%3Fa', '/%3Fa | '],
    ['the server as a whole', 'OPTIONS', '*', '* | '],
    ['absolute', 'GET', 'http://example.org/a?b', '/a | ?b'],
    ['absolute, https, upper case', 'GET', 'HTTPS://EXAMPLE.org/A', '/A | '],
    ['absolute, without a path', 'GET', 'http://example.org', '/ | '],
    ['absolute, a query without a path', 'GET', 'http://example.org?b', '/ | ?b'],
    ['absolute, IPv6 and a port', 'GET', 'http://[::1]:8080/a', '/a | '],
    ['absolute, of OPTIONS', 'OPTIONS', 'http://example.org/a', '/a | '],
    ['absolute in a query', 'GET', '/?http://example.org/', '/ | ?http://example.org/'],
    ['the server as a whole, of GET', 'GET', '*', 'refused'],
    ['more than an asterisk', 'OPTIONS', '*/a', 'refused'],
    ['a relative path', 'GET', 'a', 'refused'],
    ['a query alone', 'GET', '?a', 'refused'],
    ['authority form', 'GET', 'example.org:80', 'refused'],
    ['another scheme', 'GET', 'ftp://example.org/', 'refused'],
    ['absolute without a host', 'GET', 'http:///a', 'refused'],
    ['absolute with userinfo', 'GET', 'http://user@example.org/', 'refused'],
    ['absolute with a bad port', 'GET', 'http://example.org:x/', 'refused'],
    ['nothing', 'GET', '', 'refused'],
  ];
  for (const [name, method, target, expected] of cases) {
    test(`${name}: ${method} ${target}`, () => {
      const split = splitTarget(method, target);
      assert.equal(split ? `${split.path} | ${split.query}` : 'refused', expected);
    });
  }

  const visible = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });

  test('path and query of an origin form make up the whole, and the path has no query', () => {
    const property = fc.property(visible, (rest) => {
      const split = splitTarget('GET', `/${rest}`);
      assert.ok(split);
      assert.equal(split.path + split.query, `/${rest}`);
      assert.ok(!split.path.includes('?'));
      assert.ok(split.query === '' || split.query.startsWith('?'));
    });
    fc.assert(property);
  });

  test('a path always begins with a slash, whatever is sent', () => {
    const anything = fc.oneof(
      visible,
      visible.map((rest) => `http://${rest}`),
    );
    const property = fc.property(anything, (target) => {
      const split = splitTarget('GET', target);
      assert.ok(split === undefined || split.path.startsWith('/'));
    });
    fc.assert(property);
  });
});
