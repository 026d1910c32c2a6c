/** The settings of a worker that runs in a pod of Kubernetes, and may write at it. */
import { z } from 'zod';
import { onOff, setting } from './setting.ts';

const text = z.string().min(1);

export const kubernetesSettings = {
  podDeletionCost: setting(
    onOff.default(false),
    'tell Kubernetes how busy the worker is, at its pod, so that an idle one is ended first when there shall be fewer',
    { env: ['OMEGA_POD_DELETION_COST'] },
  ),
  podName: setting(text.optional(), "the worker's pod (default: the name of the machine)", {
    env: ['OMEGA_POD_NAME'],
  }),
  serviceAccount: setting(
    text.default('/var/run/secrets/kubernetes.io/serviceaccount'),
    'folder with the token, ca.crt and namespace of the service account that may write at the pod',
    { env: ['OMEGA_SERVICE_ACCOUNT'] },
  ),
};
