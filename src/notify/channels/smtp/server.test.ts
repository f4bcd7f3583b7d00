import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorOf, successOf } from '../fixtures.ts';
import { checkServer, parseSmtpUrl, type SmtpServer } from './server.ts';

const credentials = { user: 'u', password: 'p' };

describe('an SMTP URL', () => {
  const taken: readonly [url: string, server: SmtpServer][] = [
    ['smtps://u:p@mail.example', { host: 'mail.example', security: 'tls', credentials }],
    ['smtps://u:p@mail.example:1465/', { host: 'mail.example', port: 1465, security: 'tls', credentials }],
    ['smtp://u:p@mail.example', { host: 'mail.example', security: 'starttls', credentials }],
    ['smtp://mail.example:465', { host: 'mail.example', port: 465, security: 'starttls' }],
    ['smtp://localhost:25?security=none', { host: 'localhost', port: 25, security: 'none' }],
    ['smtp://[::1]?security=none', { host: '::1', security: 'none' }],
    ['smtp://10.1.2.3?security=none', { host: '10.1.2.3', security: 'none' }],
    ['smtp://relay.example?security=none', { host: 'relay.example', security: 'none' }],
    ['SMTPS://192.0.2.1', { host: '192.0.2.1', security: 'tls' }],
    [
      'smtps://me%40a.example:%3A%2F%3F%23%40%25%C3%BC@mail.example',
      { host: 'mail.example', security: 'tls', credentials: { user: 'me@a.example', password: ':/?#@%ü' } },
    ],
  ];
  for (const [url, server] of taken) {
    test(`${url} is taken`, () => assert.deepEqual(successOf(parseSmtpUrl(url)), server));
  }

  const refused: readonly [name: string, url: string, message: RegExp][] = [
    ['nothing', '', /not the URL of an SMTP server/],
    ['another scheme', 'https://u:s3cret@mail.example', /not the URL/],
    ['no host', 'smtps://u:s3cret@', /not the URL|host/],
    ['a slash in the password', 'smtps://u:s3cret/more@mail.example', /percent-encoded/],
    ['digits and a slash in the password', 'smtps://u:25/s3cret@mail.example', /percent-encoded/],
    ['a number sign in the password', 'smtps://u:25#s3cret@mail.example', /percent-encoded/],
    ['a question mark in the password', 'smtps://u:25?s3cret@mail.example', /after \?/],
    ['half an escape', 'smtps://u:s3cret%2@mail.example', /not percent-encoded correctly/],
    ['what is no UTF-8', 'smtps://u:s3cret%FF@mail.example', /not percent-encoded correctly/],
    ['a user only', 'smtps://s3cret@mail.example', /both a user and a password/],
    ['a password only', 'smtps://:s3cret@mail.example', /both a user and a password/],
    ['a login in the clear', 'smtp://u:s3cret@mail.example?security=none', /not sent without TLS/],
    ['no TLS to a public address', 'smtp://8.8.8.8?security=none', /loopback and private addresses/],
    [
      'no TLS to a public address of IPv6',
      'smtp://[2606:4700::1111]:25?security=none',
      /loopback and private/,
    ],
    ['TLS and no TLS', 'smtps://u:s3cret@mail.example?security=none', /after \?/],
    ['an unknown option', 'smtp://u:s3cret@mail.example?tls=s3cret', /after \?/],
    ['a folder', 'smtps://u:s3cret@mail.example/s3cret', /not the URL/],
    ['port 0', 'smtps://u:s3cret@mail.example:0', /port/],
    ['a host with a blank', 'smtps://u:s3cret@ma%20il.example', /host/],
    ['NUL', 'smtps://u:s3cret%00@mail.example', /NUL/],
  ];
  for (const [name, url, message] of refused) {
    test(`${name} is refused without showing it`, () => {
      const error = errorOf(parseSmtpUrl(url));
      assert.match(error, message);
      assert.doesNotMatch(error, /s3cret/);
    });
  }
});

describe('a server', () => {
  const hosts: readonly [host: string, isTaken: boolean][] = [
    ['mail.example', true],
    ['my_relay', true],
    ['::1', true],
    ['', false],
    ['a b', false],
    ['mail.example.', false],
    ['a\r\nb', false],
    ['1.2.3', false],
  ];
  for (const [host, isTaken] of hosts) {
    test(`at ${JSON.stringify(host)} is ${isTaken ? 'taken' : 'refused'}`, () => {
      assert.equal(checkServer({ host, security: 'tls' }).ok, isTaken);
    });
  }
});
