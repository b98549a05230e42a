import { resolve } from 'node:path';
import type { App } from '../app/app.ts';
import type { AppOptions } from '../app/parts.ts';
import { CronflowError } from '../core/model/errors.ts';
import { parseBasePath } from '../http/request/base-path.ts';
import { LogWriter } from '../observe/log-writer.ts';
import { createLogger, LOG_LEVELS, type LogLevel } from '../observe/log.ts';
import { parseArgs } from './arguments.ts';
import type { Io } from './io.ts';
import { storeOf } from './offline.ts';

const HELP = `Usage: cronflow serve [OPTIONS]

Watches the jobs declared in cronflow.yaml: takes their pings, checks that they run, tells when they do not.

  --config FILE    the configuration (CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --data-dir DIR   where state is kept (CRONFLOW_DATA_DIR; default: ./data)
  --host ADDRESS   where to listen (CRONFLOW_HOST; default: 127.0.0.1). Any address that is not loopback
                   needs CRONFLOW_TOKEN
  --port PORT      (CRONFLOW_PORT; default: 8000)
  --base-path PATH the path under which a reverse proxy shows Cronflow, such as /cronflow (CRONFLOW_BASE_PATH)
  --no-auth        listen on any address without a token
  --strict         refuse to start on an invalid configuration even if an earlier one is stored
  --json           write the log as lines of JSON
  --help

CRONFLOW_STORE=postgres://... keeps state in a database that several instances share, in place of DIR.
CRONFLOW_STORE_FILE names a file with that URL, instead.
CRONFLOW_TRUST_PROXY=1 lets the proxy say that path, by X-Forwarded-Prefix.
CRONFLOW_TOKENS_FILE names a file of tokens, beside CRONFLOW_TOKEN, CRONFLOW_READ_TOKEN, CRONFLOW_PING_TOKEN.
LOG_LEVEL is one of ${LOG_LEVELS.join(', ')} (default: info).
Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage.
`;

const WARNING_LENGTH_MAX = 500;

/** The parts of the process that `serve` needs. */
export interface ServeHost {
  createApp(options: AppOptions): App | Promise<App>;
  /** Resolves with the name of the signal that asks the process to stop. */
  stopRequested(): Promise<string>;
  onReloadRequested(callback: () => void): void;
  /** Ends the process at once, whatever is under way. */
  exit(code: number): void;
  /** Calls back when the process ends, in whatever way but a kill. */
  onExit(callback: () => void): void;
  /** Hands over Node's warnings. Node would print them as they are, with whatever a client had sent. */
  onWarning(callback: (warning: Error) => void): void;
}

/** Runs `cronflow serve`: runs the service until it is asked to stop. */
export async function serve(argv: readonly string[], io: Io, host: ServeHost): Promise<number> {
  let options: AppOptions | null;
  try {
    options = readOptions(argv, io, host);
  } catch (error) {
    io.stderr(`cronflow serve: ${(error as Error).message}\nTry: cronflow serve --help\n`);
    return 2;
  }
  if (options === null) {
    io.stdout(HELP);
    return 0;
  }
  const { logger } = options;
  host.onWarning(({ name, message }) =>
    logger.warn('Node warns', { name, detail: message.slice(0, WARNING_LENGTH_MAX) }),
  );
  const app = await host.createApp(options);
  // Signals are listened for before the start, which may take a while, because one that nobody listens for ends the
  // process, SIGHUP too.
  const stopRequested = host.stopRequested();
  const reload = reloadOf(app, host);
  try {
    const early = await Promise.race([app.start(), stopRequested]);
    if (early !== undefined) {
      // Whatever was acknowledged is on disk, so there is nothing to wait for.
      logger.info('stopping', { signal: early });
      host.exit(0);
      return 0;
    }
  } catch (error) {
    await app.stop();
    if (!(error instanceof CronflowError)) throw error;
    io.stderr(`cronflow: ${error.message}\n`);
    return error.code === 'usage' ? 2 : 1;
  }
  reload.started();
  const signal = await stopRequested;
  logger.info('stopping', { signal });
  await app.stop();
  return 0;
}

/** Reloads when asked to. A reload that was asked for during the start happens after it. */
function reloadOf(app: App, host: ServeHost): { started(): void } {
  let isStarted = false;
  let isWanted = false;
  host.onReloadRequested(() => {
    if (isStarted) app.reload();
    else isWanted = true;
  });
  return {
    started() {
      isStarted = true;
      if (isWanted) app.reload();
    },
  };
}

function readOptions(argv: readonly string[], io: Io, host: ServeHost): AppOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string' },
      'data-dir': { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      'base-path': { type: 'string' },
      'no-auth': { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: false,
  });
  if (values.help) return null;
  const { env } = io;
  const pick = (flag: string | undefined, variable: string, otherwise: string): string =>
    flag ?? (env[variable] || otherwise);
  const { storeUrl } = storeOf(io, values['data-dir']);
  const level = pick(undefined, 'LOG_LEVEL', 'info');
  if (!LOG_LEVELS.includes(level as LogLevel)) {
    throw new CronflowError('usage', `LOG_LEVEL is "${level}", and allowed are ${LOG_LEVELS.join(', ')}.`);
  }
  const log = new LogWriter((text) => io.stderr(text));
  host.onExit(() => log.flush());
  return {
    configPath: resolve(io.cwd, pick(values.config, 'CRONFLOW_CONFIG', 'cronflow.yaml')),
    storeUrl,
    host: pick(values.host, 'CRONFLOW_HOST', '127.0.0.1'),
    port: portOf(pick(values.port, 'CRONFLOW_PORT', '8000')),
    base: {
      basePath: parseBasePath(pick(values['base-path'], 'CRONFLOW_BASE_PATH', '')),
      trustsProxy: trustsProxy(env['CRONFLOW_TRUST_PROXY']),
    },
    noAuth: values['no-auth'],
    strict: values.strict,
    env,
    clock: io.clock,
    logger: createLogger(io.clock, level as LogLevel, (line) => log.add(line), values.json ? 'json' : 'text'),
  };
}

function trustsProxy(text = ''): boolean {
  if (text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new CronflowError(
    'usage',
    `CRONFLOW_TRUST_PROXY is "${text}", and allowed are 1, where headers of a proxy count, and 0, where they do not.`,
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new CronflowError(
      'usage',
      `The port (--port or CRONFLOW_PORT) is "${text}", and allowed is a number from 0 to 65535.`,
    );
  }
  return port;
}
