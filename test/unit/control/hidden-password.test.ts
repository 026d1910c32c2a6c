import { expect, it } from 'vitest';
import { hidePassword } from '../../../src/control/hidden-password.ts';

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
