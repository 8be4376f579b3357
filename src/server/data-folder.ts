// Where state lives when the configuration does not say: the place that each system has for it.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Environment } from '../config/environment.ts';

/** Absolute path of the data folder. `written` is `storage.dir`, relative to the folder of the configuration. */
export function resolveDataFolder(
  written: string | undefined,
  configFolder: string,
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  if (written !== undefined) return isAbsolute(written) ? written : resolve(configFolder, written);
  const { APPDATA, XDG_CONFIG_HOME } = environment;
  if (platform === 'win32' && APPDATA) return join(APPDATA, 'omniroute');
  return XDG_CONFIG_HOME ? join(XDG_CONFIG_HOME, 'omniroute') : join(homedir(), '.omniroute');
}
