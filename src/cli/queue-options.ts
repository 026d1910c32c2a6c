/** The options with which a command is told a queue: flags and description. */
const DEFAULT_QUEUE = 'OMEGA_TASK_DEFAULT_QUEUE, else the first of the queues';

export const SEND_TO_QUEUE = [
  '-q, --queue <name>',
  `queue to send to (default: by OMEGA_TASK_ROUTES, else ${DEFAULT_QUEUE})`,
] as const;

export const WHOSE_QUEUE = ['-Q, --queue <name>', `whose (default: ${DEFAULT_QUEUE})`] as const;

export const QUEUES = [
  '-Q, --queues <names>',
  `queues, comma separated (default: ${DEFAULT_QUEUE})`,
] as const;
