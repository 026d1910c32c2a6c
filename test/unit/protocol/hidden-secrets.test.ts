import { expect, it } from 'vitest';
import { hideSecrets, hideSecretsIn, isSecretName } from '../../../src/protocol/hidden-secrets.ts';
import { argsRepr, pythonRepr } from '../../../src/protocol/repr.ts';

it.each([
  ...['password', 'PASSWORD', 'db_password', 'passwd', 'pwd', 'passphrase', 'secret', 'client_secret'],
  ...['token', 'api_token', 'accessToken', 'api_key', 'apiKey', 'API-KEY', 'access_key', 'private_key'],
  ...['auth', '__auth', 'Authorization', 'credentials', 'cookie'],
])('%s names a secret', (name) => {
  expect(isSecretName(name)).toBe(true);
});

it.each([
  ...[
    'key',
    'keys',
    'sort_key',
    'max_tokens',
    'tokens',
    'tokenizer',
    'author',
    'authors',
    'Xname',
    'keyboard',
  ],
  ...['__bucket', 'compass', 'passes', 'n_passengers'],
])('%s names none', (name) => {
  expect(isSecretName(name)).toBe(false);
});

it('hides secrets at any depth of arguments, and leaves the arguments as they were', () => {
  const kwargs = {
    x: 1,
    db: { user: 'me', password: 's3cret' },
    list: [{ token: ['s3cret'] }],
    __auth: null,
  };
  const given = { args: [{ api_key: 's3cret' }, 'amqp://me:s3cret@host'], kwargs };
  expect(hideSecrets(given)).toEqual({
    args: [{ api_key: '********' }, 'amqp://me:********@host'],
    kwargs: {
      ...{ x: 1, db: { user: 'me', password: '********' } },
      ...{ list: [{ token: '********' }], __auth: '********' },
    },
  });
  expect(kwargs.db.password).toBe('s3cret');
});

it('shows arguments without their secrets', () => {
  expect(pythonRepr({ x: 1, password: "it's s3cret\\" })).toBe("{'x': 1, 'password': '********'}");
  expect(argsRepr([{ token: { a: 's3cret' }, y: [1] }])).toBe("({'token': '********', 'y': [1]},)");
  expect(pythonRepr({ url: 'amqp://me:s3cret@host' })).toBe("{'url': 'amqp://me:********@host'}");
  expect(pythonRepr([`${'x'.repeat(1010)} amqp://me:${'s3cret'.repeat(50)}@host`])).not.toContain('s3cret');
  expect(pythonRepr(new Map([['secret', 's3cret']]))).toBe("{'secret': '********'}");
});

it.each([
  [`{'x': 1, 'password': 's3cret'}`, `{'x': 1, 'password': '********'}`],
  [`{'password': "it's s3cret", 'x': 1}`, `{'password': '********', 'x': 1}`],
  [`{'token': 's3\\'cret', 'x': 'it'}`, `{'token': '********', 'x': 'it'}`],
  [`{'__auth': ('user', ['s3cret', {'a': '}'}], 'p'), 'x': 1}`, `{'__auth': '********', 'x': 1}`],
  [`({'api_key': b's3cret'},)`, `({'api_key': '********'},)`],
  [
    `{"secret":12345,"x":{"authorization":"Bearer s3cret"}}`,
    `{"secret":'********',"x":{"authorization":'********'}}`,
  ],
  [`{'password': 's3cret and mo...`, `{'password': '********'`],
  [`{'a': {'password': {'deep': 's3cret', ...`, `{'a': {'password': '********'`],
  [`{'note': "'password': 's3cret'", 'x': 2}`, `{'note': "'password': '********'`],
  [`{'password': 's3cret', 'token': 's3cret'}`, `{'password': '********', 'token': '********'}`],
  [`{'max_tokens': 5, 'key': 'x'}`, `{'max_tokens': 5, 'key': 'x'}`],
])('hides secrets in a text that another client wrote: %s', (text, shown) => {
  expect(hideSecretsIn(text)).toBe(shown);
});
