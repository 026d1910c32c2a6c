/** The settings and the client of a command. */
import type { Command } from 'commander';
import { loadSettings, resolveEnvironment, type Settings, type SettingValues } from '../config.ts';
import type { Omega } from '../omega.ts';
import { joinPrivateServices, leavePrivateServices } from '../services/private-services.ts';
import { findPrivateServices } from '../services/services.ts';
import type { GlobalOptions } from './global-options.ts';
import { serviceOptions } from './local-services.ts';

const SERVER_PATIENCE_MS = 3_000;

/**
 * The settings for a command that stays: private services that they name run on until `release`, or longer
 * when others use them.
 *
 * @throws ImproperlyConfigured
 */
export async function holdServices(
  command: Command,
  flags: SettingValues,
): Promise<{ readonly settings: Settings; release(): Promise<void> }> {
  const options = serviceOptions(() => {});
  const settings = commandSettings(command, flags);
  const { mongo, broker } = findPrivateServices(options);
  const usesPrivate = settings.mongoUrl === mongo?.url || settings.broker === broker?.url;
  if (!usesPrivate) return { settings, release: async () => {} };
  await joinPrivateServices(options);
  // Once more: they may have been stopped before this process was counted.
  return { settings: commandSettings(command, flags), release: () => leavePrivateServices(options) };
}

/** Runs `action` with a connected client, and closes it. */
export async function withOmega<Result>(
  command: Command,
  action: (om: Omega) => Promise<Result>,
): Promise<Result> {
  const settings = commandSettings(command);
  // Not at the top: `omega worker` must not load models and their libraries.
  const { connectWith } = await import('../omega.ts');
  const om = await connectWith({ ...settings, mongoUrl: withoutPatience(settings.mongoUrl) });
  try {
    return await action(om);
  } finally {
    await om.close();
  }
}

/**
 * The settings for a command: its flags, else the environment, else the private services of this folder
 * while they run, else the defaults.
 *
 * @throws ImproperlyConfigured
 */
export function commandSettings(command: Command, flags: SettingValues = {}): Settings {
  const { loglevel } = command.optsWithGlobals<GlobalOptions>();
  const { mongo, broker } = findPrivateServices(serviceOptions(() => {}));
  const local = { OMEGA_MONGO_URL: mongo?.url, OMEGA_BROKER: broker?.url };
  return loadSettings({ ...local, ...resolveEnvironment(process.env) }, { logLevel: loglevel, ...flags });
}

/** Somebody waits at the terminal: a server that is not there is reported soon. */
export function withoutPatience(mongoUrl: string): string {
  if (/serverSelectionTimeoutMS=/i.test(mongoUrl)) return mongoUrl;
  const separator = mongoUrl.includes('?') ? '&' : '?';
  return `${mongoUrl}${separator}serverSelectionTimeoutMS=${SERVER_PATIENCE_MS}`;
}
