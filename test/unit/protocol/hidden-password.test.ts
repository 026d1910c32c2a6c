import { expect, it } from 'vitest';
import { hidePassword, hidePasswordsIn } from '../../../src/protocol/hidden-password.ts';

it.each([
  ['amqp://me:secret@host:5672//', 'amqp://me:***@host:5672//'],
  ['amqp://me:s/e?c@r#et@host/v', 'amqp://me:***@host/v'],
  ['mongodb+srv://me:secret@a.example,b.example/x?w=1', 'mongodb+srv://me:***@a.example,b.example/x?w=1'],
  ['amqp://me:se;c@a//;amqp://you:other@b', 'amqp://me:***@a//;amqp://you:***@b'],
  [
    'mongodb://h/x?tlsCertificateKeyFilePassword=secret&w=1',
    'mongodb://h/x?tlsCertificateKeyFilePassword=***&w=1',
  ],
])('the password of %s is hidden', (url, hidden) => {
  expect(hidePassword(url)).toBe(hidden);
});

it.each(['amqp://host:5672//', 'mongodb://me@host:27017/x?directConnection=true'])(
  '%s has no password and stays as it is',
  (url) => {
    expect(hidePassword(url)).toBe(url);
  },
);

it.each([
  ['cannot reach amqp://me:s3cret@host/v: refused', 'cannot reach amqp://me:********@host/v: refused'],
  ['{"a":"redis://:s3cret@h/0","b":"me@b"}', '{"a":"redis://:********@h/0","b":"me@b"}'],
  [
    "['https://u:p@x', 'mongodb://me:s/e@cret@h/x?y=1']",
    "['https://u:********@x', 'mongodb://me:********@h/x?y=1']",
  ],
  ['file:///etc/passwd and 12:30 me@b', 'file:///etc/passwd and 12:30 me@b'],
])('the passwords in a text are hidden: %s', (text, hidden) => {
  expect(hidePasswordsIn(text)).toBe(hidden);
});
