import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { wantsPage } from './spa.ts';

/** What clients send, with the answer for a path without a dot and for one with it. */
const clients: readonly (readonly [
  name: string,
  accept: string | undefined,
  plain: boolean,
  dotted: boolean,
])[] = [
  [
    'Chrome navigates',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
    true,
    true,
  ],
  ['Firefox navigates', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true, true],
  ['old Edge navigates', 'text/html, application/xhtml+xml, image/jxr, */*', true, true],
  ['Lynx', 'text/html, text/plain, text/sgml, */*;q=0.01', true, true],
  ['Turbo', 'text/html, application/xhtml+xml', true, true],
  ['XHTML first', 'application/xhtml+xml, text/html', true, true],
  ['in capitals', 'TEXT/HTML', true, true],
  ['with a parameter', 'text/html;charset=utf-8', true, true],
  ['curl, <script>, fetch', '*/*', true, false],
  ['nothing said', undefined, true, false],
  ['an empty field', '', true, false],
  ['<img> of Chrome', 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', false, false],
  ['<link rel=stylesheet>', 'text/css,*/*;q=0.1', false, false],
  [
    '<video>',
    'video/webm,video/ogg,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6,*/*;q=0.5',
    false,
    false,
  ],
  ['axios', 'application/json, text/plain, */*', false, false],
  ['jQuery, a script', 'text/javascript, application/javascript, */*; q=0.01', false, false],
  ['a crawler that reads robots.txt', 'text/plain,text/html', false, false],
  ['an event source', 'text/event-stream', false, false],
  ['HTML refused', 'text/html;q=0, application/json', false, false],
  ['HTML as the last resort', 'application/json, text/html;q=0.5', false, false],
  ['HTML before anything', '*/*;q=0.1, text/html', true, true],
  ['all refused', '*/*;q=0', false, false],
  ['no field at all', ',;,', false, false],
];

describe('who wants a page', () => {
  for (const [name, accept, plain, dotted] of clients) {
    test(name, () => {
      assert.equal(wantsPage(accept, 'items'), plain);
      for (const segment of ['1.1', 'a@b.com', 'app.3f2a9b1c.js', 'eyJ0eXAi.eyJpZCI6.HVaTeu7Z']) {
        assert.equal(wantsPage(accept, segment), dotted, segment);
      }
    });
  }

  test('no field makes it throw', () => {
    const field = fc.string({
      unit: fc.constantFrom('text/html', '*/*', ',', ';', 'q=', '0', '.', '1', ' '),
    });
    fc.assert(fc.property(field, (accept) => assert.equal(typeof wantsPage(accept, 'a'), 'boolean')));
  });
});
