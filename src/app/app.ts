import { readFileSync } from 'node:fs';
import { expectByZoneRules } from '../checker/zone-rules.ts';
import { loadConfig, type LoadResult } from '../config/load.ts';
import { errorText } from '../core/model/errors.ts';
import { checkListen } from '../http/listen.ts';
import { createServer } from '../http/server.ts';
import { readTokens, type Tokens } from '../http/access/tokens.ts';
import { ServiceCounts } from '../observe/service-counts.ts';
import { createFollowingClock } from '../clock.ts';
import { openStore } from '../store/open/open-store.ts';
import { isShared } from '../store/open/url.ts';
import { NamedTokens } from './named-tokens.ts';
import { noticesOf } from './notices.ts';
import { type AppOptions, buildParts, type Parts, ZONE_RULES } from './parts.ts';
import { buildReloader, configMended, followOthers } from './reload.ts';
import { httpDepsOf } from './http-deps.ts';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The running service. */
export interface App {
  /**
   * Starts the service.
   * @throws CronflowError that says why it cannot run and what to do
   */
  start(): Promise<void>;
  /** Stops the service. Safe to call at any time, also after a start that failed. */
  stop(): Promise<void>;
  /** Reads the configuration again; the log tells the result. */
  reload(): void;
}

/**
 * Returns the service. Nothing is built or runs until `start`.
 * @param open opens the store at a URL
 */
export function createApp(given: AppOptions, open: typeof openStore = openStore): App {
  // Instances on several machines judge by one clock, which is that of the database that they share.
  const following = isShared(given.storeUrl) ? createFollowingClock(given.clock) : null;
  const options = following === null ? given : { ...given, clock: following };
  let parts: Parts | null = null;
  const named = new NamedTokens(options);
  return {
    async start() {
      const tokens = readTokens(options.env);
      const counts = new ServiceCounts();
      await named.start();
      checkListen({ host: options.host, noAuth: options.noAuth, tokens, named: named.current });
      // A large file takes as long to read as a large store, and it is read in a thread of its own.
      const reading = loadConfig(options.configPath, options.env);
      // An error is thrown where the result is used, which a start that fails before that never does.
      reading.catch(() => {});
      const store = await open(options.storeUrl, {
        clock: options.clock,
        log: options.logger,
        onSync: (durationMs) => counts.noteSync(durationMs),
        ...(following === null ? {} : { onClock: (sample) => following.follow(sample) }),
      });
      parts = buildParts(options, store, counts);
      await start(options, parts, { tokens, named, reading });
    },
    async stop() {
      const stopped = parts;
      parts = null;
      await Promise.all([stopped === null ? undefined : stop(stopped), named.close()]);
    },
    reload: () => {
      named.reload();
      void parts?.reloader?.reload({ because: 'SIGHUP' }).catch((error: unknown) => {
        options.logger.error('cannot reload the configuration', { error: errorText(error) });
      });
    },
  };
}

async function start(
  options: AppOptions,
  parts: Parts,
  { tokens, named, reading }: { tokens: Tokens; named: NamedTokens; reading: Promise<LoadResult> },
): Promise<void> {
  const { host, port, clock, logger } = options;
  // The gap is noted before anything is judged, so that slots from while nobody was listening are not taken for
  // missed.
  await parts.liveness.start();
  await parts.backlog.do(ZONE_RULES, () => expectByZoneRules({ store: parts.store, clock, logger }));
  const reloader = await buildReloader(options, parts, reading);
  parts.reloader = reloader;
  const config = await reloader.start();
  // Trouble of the configuration that was told before the restart may have been mended meanwhile. Beside others it may
  // be theirs.
  if (reloader.problem === null && !parts.liveness.startedBesideOthers) await configMended(options, parts);
  parts.server = createServer(
    httpDepsOf(options, { parts, reloader, tokens, named, version: PACKAGE.version }),
  );
  const { url } = await parts.server.listen(host, port);
  const names = config.notifiers.map((notifier) => notifier.name);
  parts.worker.start(names, parts.liveness.startedBesideOthers);
  parts.checker.start();
  parts.housekeeping.start();
  parts.heartbeat.start();
  followOthers(options, parts, reloader);
  logger.info('listening', { url, version: PACKAGE.version, jobs: config.jobs.length });
  if (config.defaults.timezone === undefined) logger.info('schedules without a timezone are read in UTC');
  for (const notice of noticesOf(config, null)) logger.warn(notice);
}

/** Stops the service. It waits for no work of others; whatever is left undone is done after the next start. */
async function stop(parts: Parts): Promise<void> {
  parts.isStopping = true;
  // All these stop in one turn. A slot that no ping can claim any more must not be judged; it ends as time away.
  const checked = parts.checker.stop();
  const closed = parts.server?.close();
  const noted = parts.liveness.stop();
  const others = [parts.heartbeat.stop(), parts.reloader?.close(), parts.backlog.stop()];
  await Promise.all([checked, closed, noted, ...others]);
  parts.ingest.stop();
  parts.housekeeping.stop();
  await parts.worker.stop();
  await parts.storeAlarm.stop();
  await parts.registry.close();
  await parts.store.close();
}
