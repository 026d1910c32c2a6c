import { expect, it } from 'vitest';
import type { Publication } from '../../../src/contract/transport.ts';
import { Unroutable } from '../../../src/errors.ts';
import { publishDeclaring } from '../../../src/protocol/publish-declared.ts';

const publication: Publication = {
  ...{ exchange: '', routingKey: 'q', body: Buffer.from('[]'), properties: {} },
  unroutable: 'error',
};

it('what no queue received is sent once more after the declaration, as something that may have arrived', async () => {
  const done: unknown[] = [];
  await publishDeclaring(
    publication,
    async (sent) => {
      done.push(sent);
      if (done.length === 1) throw new Unroutable('no queue');
    },
    async () => void done.push('declared'),
  );
  expect(done).toEqual([publication, 'declared', { ...publication, mayHaveArrived: true }]);
});

it('any other failure stays one', async () => {
  const publish = () => Promise.reject(new TypeError('no'));
  const declare = () => Promise.reject(new Error('declared'));
  await expect(publishDeclaring(publication, publish, declare)).rejects.toThrow(TypeError);
});
