import { expect, test } from 'vitest';
import { parseBrokerUrl, parseBrokerUrls } from '../../../src/broker/address.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';

test.each([
  ['amqp://localhost', '/'],
  ['amqp://localhost/', '/'],
  ['amqp://localhost//', '/'],
  ['amqp://localhost/%2F', '/'],
  ['amqp://localhost/mine', 'mine'],
  ['amqp://localhost//mine', '/mine'],
  ['amqp://localhost/%C3%BC%25', 'ü%'],
])('the virtual host of %s is %s, as in Celery', (url, virtualHost) => {
  expect(parseBrokerUrl(url).virtualHost).toBe(virtualHost);
});

test('what the URL leaves out is the default of AMQP', () => {
  expect(parseBrokerUrl('pyamqp://broker')).toEqual({
    protocol: 'amqp',
    hostname: 'broker',
    port: 5672,
    virtualHost: '/',
    username: 'guest',
    password: 'guest',
  });
  expect(parseBrokerUrl('amqps://broker').port).toBe(5671);
});

test('login, port and an IPv6 address are read, percent-encoding is undone', () => {
  expect(parseBrokerUrl('amqps://us%40er:p%2Fw@[::1]:5673/v')).toEqual({
    protocol: 'amqps',
    hostname: '::1',
    port: 5673,
    virtualHost: 'v',
    username: 'us@er',
    password: 'p/w',
  });
});

test.each([
  '',
  'localhost',
  'http://u:s3cret@host',
  'amqp://',
  'amqp://u:s3cret%@host',
  'amqp://u:s3cret@host:x',
])('the URL %j is refused, and what it holds is not shown', (url) => {
  expect(() => parseBrokerUrl(url)).toThrow(ImproperlyConfigured);
  expect(() => parseBrokerUrl(url)).not.toThrow(/s3cret/);
});

test('several URLs are read in their order; a semicolon in a password separates none', () => {
  const logins = parseBrokerUrls('amqp://me:a;b@one//;amqps://two/v');
  expect(logins.map(({ hostname, password }) => [hostname, password])).toEqual([
    ['one', 'a;b'],
    ['two', 'guest'],
  ]);
});
