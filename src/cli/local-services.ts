/** The services as the command line uses them: with the driver, the terminal and the environment. */
import { createInterface } from 'node:readline/promises';
import { resolveEnvironment } from '../config.ts';
import { connectMongo } from '../mongo/client.ts';
import type { ServiceOptions } from '../services/options.ts';

/** Options for the services of the working directory; `progress` gets a line for what takes time. */
export function serviceOptions(progress: ServiceOptions['progress']): ServiceOptions {
  return {
    ...{ folder: '.omega', mongoCommand, progress, confirm },
    // Read when it is needed: a file that cannot be read must not keep the help from being shown.
    get env() {
      return resolveEnvironment(process.env);
    },
  };
}

const mongoCommand: ServiceOptions['mongoCommand'] = async (url, command) => {
  const { client, close } = await connectMongo(`${url}&serverSelectionTimeoutMS=2000`, { maxPoolSize: 1 });
  try {
    return await client.db('admin').command(command);
  } finally {
    await close();
  }
};

const confirm: ServiceOptions['confirm'] = async (question) => {
  if (!process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [Y/n] `);
    return !/^n/i.test(answer.trim());
  } finally {
    terminal.close();
  }
};
