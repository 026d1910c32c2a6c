import { expect, it, vi } from 'vitest';
import { MissingDependency } from '../../../src/errors.ts';
import { openOnnx } from '../../../src/ml/onnx.ts';
import { contextOf } from '../../support/ml-fixtures.ts';

vi.mock('onnxruntime-node', () => {
  throw new Error('Cannot find package');
});

it('an ONNX model without onnxruntime-node names the command that installs it', async () => {
  const opening = openOnnx(Buffer.from('any'), contextOf());
  await expect(opening).rejects.toThrow(MissingDependency);
  await expect(opening).rejects.toThrow('ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node');
});
