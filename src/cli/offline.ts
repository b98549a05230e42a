import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { invalidConfigError, loadConfig } from '../config/load.ts';
import { CronflowError } from '../core/model/errors.ts';
import { isShared, storeNameOf, storeUrlOf } from '../store/open/url.ts';
import { parseArgs } from './arguments.ts';
import type { Io } from './io.ts';

/** Chooses a path: the flag, else the variable of the environment, else the default. */
function chosen(io: Io, flag: string | undefined, variable: string, otherwise: string): string {
  return resolve(io.cwd, flag ?? (io.env[variable] || otherwise));
}

/** Options of commands that read a configuration and nothing that runs. */
export const FILE_OPTIONS = {
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Options of commands that need a data directory and nothing else. */
const STORE_OPTIONS = {
  'data-dir': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/**
 * Reads the options of a command that needs a data directory.
 * @throws Error for options that it does not know
 */
export function parseStoreArgs(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: STORE_OPTIONS, allowPositionals: true });
}

/**
 * Returns the path of the configuration: FILE, `--config`, `CRONFLOW_CONFIG`, or `cronflow.yaml` here.
 * @throws Error for more than one FILE
 */
export function configPathOf(io: Io, positionals: readonly string[], flag: string | undefined): string {
  if (positionals.length > 1) throw new Error(`one FILE at most; "${positionals[1]}" is too many`);
  return chosen(io, positionals[0] ?? flag, 'CRONFLOW_CONFIG', 'cronflow.yaml');
}

/** The store that a command works with. */
export interface ChosenStore {
  /** The URL by which `store/open/` finds it. */
  storeUrl: string;
  /** The data directory, or what the database is called, for messages to people. */
  storeName: string;
  /** The same for programs. */
  reported: { data_dir: string } | { database: string };
}

/**
 * Chooses the store: the database that `CRONFLOW_STORE` names, or the file that `CRONFLOW_STORE_FILE` does, or what is in
 * `--data-dir`, `CRONFLOW_DATA_DIR`, or `./data`.
 * @throws CronflowError `usage` where the environment names a store that there is none of, or a file without one
 */
export function storeOf(io: Io, flag: string | undefined): ChosenStore {
  const dataDir = chosen(io, flag, 'CRONFLOW_DATA_DIR', join('.', 'data'));
  const storeUrl = storeUrlOf(namedStore(io), dataDir);
  const storeName = storeNameOf(storeUrl);
  const reported = isShared(storeUrl) ? { database: storeName } : { data_dir: storeName };
  return { storeUrl, storeName, reported };
}

/**
 * Returns the URL of the store as the environment has it, or as it stands in a file, such as a secret of Docker; undefined
 * or empty for none. The messages name no more than the file, because a URL may hold a password.
 */
function namedStore({ env, cwd }: Io): string | undefined {
  const { CRONFLOW_STORE: url, CRONFLOW_STORE_FILE: file } = env;
  if (file === undefined || file === '') return url;
  if (url !== undefined && url !== '')
    throw new CronflowError('usage', 'CRONFLOW_STORE and CRONFLOW_STORE_FILE are both set. Set one of them.');
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CronflowError('usage', `CRONFLOW_STORE_FILE: ${file} cannot be read (${code}).`);
  }
  if (text === '')
    throw new CronflowError(
      'usage',
      `CRONFLOW_STORE_FILE: ${file} is empty. Write the URL of the database into it, postgres://USER:PASSWORD@HOST/DATABASE.`,
    );
  return text;
}

/**
 * Reads a configuration that must be valid.
 * @throws CronflowError `config_invalid` with every error
 */
export async function validConfig(io: Io, path: string): Promise<Config> {
  const loaded = await loadConfig(path, io.env);
  if (!loaded.ok) throw invalidConfigError(loaded);
  return loaded.config;
}
