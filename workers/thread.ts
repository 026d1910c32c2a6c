/** Entry of the threads in which kernels run. */
import { collectGarbage, collectYoungGarbage } from '../src/frame/garbage.ts';
import { kernels } from '../src/ml/kernels.ts';
import { answerKernelCalls } from '../src/threads/kernel-thread.ts';

export default answerKernelCalls(kernels, { young: collectYoungGarbage, all: collectGarbage });
