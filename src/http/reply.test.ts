import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { htmlPlan, jsonPlan, noContentPlan, redirectPlan, replyPlan, textPlan } from './reply.ts';
import type { Plan } from './types.ts';

/** Status, headers and content as one text, with the kind of the body. */
function written({ status, headers, body }: Plan): string {
  const lines = headers.map((part, index) => `${part}${index % 2 === 0 ? ': ' : '\n'}`).join('');
  const content =
    body.kind === 'text' ? body.text : body.kind === 'bytes' ? String(Buffer.from(body.bytes)) : '';
  return `${status} ${body.kind}\n${lines}${content}`;
}

describe('responses', () => {
  const cases: readonly [name: string, plan: Plan, expected: string][] = [
    [
      'text',
      textPlan(200, 'ok\n'),
      '200 text\nContent-Type: text/plain; charset=utf-8\nContent-Length: 3\nCache-Control: no-store\nok\n',
    ],
    [
      'text beyond ASCII, counted in bytes',
      textPlan(200, 'é\n'),
      '200 bytes\nContent-Type: text/plain; charset=utf-8\nContent-Length: 3\nCache-Control: no-store\né\n',
    ],
    [
      'no text',
      textPlan(200, ''),
      '200 text\nContent-Type: text/plain; charset=utf-8\nContent-Length: 0\nCache-Control: no-store\n',
    ],
    [
      'HTML with headers',
      htmlPlan(404, '<p>', ['Referrer-Policy', 'no-referrer']),
      '404 bytes\nContent-Type: text/html; charset=utf-8\nContent-Length: 3\nCache-Control: no-store\n' +
        'Referrer-Policy: no-referrer\n<p>',
    ],
    [
      'HTML in bytes, revalidated',
      htmlPlan(200, Buffer.from('<b>'), [], 'no-cache'),
      '200 bytes\nContent-Type: text/html; charset=utf-8\nContent-Length: 3\nCache-Control: no-cache\n<b>',
    ],
    [
      'JSON',
      jsonPlan(202, { a: [1, undefined, 'x'] }, ['Location', '/1']),
      '202 bytes\nContent-Type: application/json\nContent-Length: 19\nCache-Control: no-store\n' +
        'Location: /1\n{"a":[1,null,"x"]}\n',
    ],
    [
      'JSON beyond ASCII, of another type',
      jsonPlan(400, '测试', [], 'application/problem+json'),
      '400 bytes\nContent-Type: application/problem+json\nContent-Length: 9\nCache-Control: no-store\n"测试"\n',
    ],
    [
      'any content',
      replyPlan(200, 'text/csv', 'a,b', [], 'max-age=60'),
      '200 text\nContent-Type: text/csv\nContent-Length: 3\nCache-Control: max-age=60\na,b',
    ],
    [
      'a redirect',
      redirectPlan(301, 'folder/?q'),
      '301 none\nLocation: folder/?q\nContent-Length: 0\nCache-Control: no-cache\n',
    ],
    ['no content', noContentPlan(['Allow', 'GET']), '204 none\nAllow: GET\n'],
  ];
  for (const [name, plan, expected] of cases) test(name, () => assert.equal(written(plan), expected));
});
