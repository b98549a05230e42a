import { readFileSync } from 'node:fs';
import { applyConfiguration, storedConfiguration } from '../apply/configuration.ts';
import { reportMended, reportTrouble } from '../apply/system.ts';
import { Checker } from '../checker/checker.ts';
import { Housekeeping } from '../checker/housekeeping.ts';
import { Liveness } from '../checker/liveness.ts';
import { expectByZoneRules } from '../checker/zone-rules.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { type ConfigProblem, ConfigReloader } from '../config/reloader.ts';
import { sourceUrlOf } from '../config/source-url.ts';
import { validateDeclaration } from '../config/validate.ts';
import { CronflowError, type Fault } from '../core/model/errors.ts';
import { tellsNobody } from '../core/model/notifier-config.ts';
import { DEFAULT_GLOBALS } from '../core/model/spec.ts';
import { type Plan, planChanges } from '../core/plan/plan.ts';
import { redact } from '../core/text/redact.ts';
import { Heartbeat, type Vitals } from '../delivery/heartbeat.ts';
import { NotifierRegistry } from '../delivery/registry.ts';
import { StoreAlarm, type StoreAlarmOptions } from '../delivery/sending/store-alarm.ts';
import { DeliveryWorker } from '../delivery/sending/worker.ts';
import type { ConfigStatus, HttpDeps, ValidDeclaration } from '../http/deps.ts';
import { checkListen } from '../http/listen.ts';
import { createServer, type HttpServer } from '../http/server.ts';
import { readTokens } from '../http/tokens.ts';
import { JobIngest } from '../ingest/job-ingest.ts';
import { UnknownPings } from '../ingest/unknown-pings.ts';
import type { Logger } from '../observe/log.ts';
import { MessageCounts } from '../observe/message-counts.ts';
import { Backlog } from '../store/backlog.ts';
import { loggedStore } from '../store/logged.ts';
import { LowdbStore } from '../store/lowdb/store.ts';
import type { Store } from '../store/store.ts';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Names of work in the backlog. */
const ZONE_RULES = 'the rules of time zones';
const CONFIG_NEWS = 'news of the configuration';

export interface AppOptions {
  configPath: string;
  dataDir: string;
  host: string;
  port: number;
  /** Listen on any address without a token. */
  noAuth: boolean;
  /** Refuse to start on an invalid file even if an earlier revision is stored. */
  strict: boolean;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  logger: Logger;
}

/** The running service. */
export interface App {
  /** @throws CronflowError that says why it cannot run and what to do */
  start(): Promise<void>;
  /** Safe to call at any time, also after a start that failed. */
  stop(): Promise<void>;
  /** Reads the configuration again; what becomes of it is logged. */
  reload(): void;
}

/** Builds the object graph: which part is given which. Nothing runs until `start`. */
export function createApp(options: AppOptions): App {
  const parts = buildParts(options);
  return {
    start: () => start(options, parts),
    stop: () => stop(parts),
    reload: () =>
      void parts.reloader?.reload({ because: 'SIGHUP' }).catch((error: unknown) => {
        options.logger.error('cannot reload the configuration', { error: String(error) });
      }),
  };
}

/** The parts that live as long as the service; those that need the store's content come with `start`. */
interface Parts {
  store: Store;
  isOpen: boolean;
  registry: NotifierRegistry;
  worker: DeliveryWorker;
  checker: Checker;
  ingest: JobIngest;
  liveness: Liveness;
  /** What has to be stored although nobody asks for it again. */
  backlog: Backlog;
  storeAlarm: StoreAlarm;
  housekeeping: Housekeeping;
  heartbeat: Heartbeat;
  messages: MessageCounts;
  reloader: ConfigReloader | null;
  server: HttpServer | null;
  appliedAt: number | null;
}

function buildParts({ clock, logger, dataDir }: AppOptions): Parts {
  const store = loggedStore(new LowdbStore({ directory: dataDir, clock, log: logger }), logger);
  const registry = new NotifierRegistry({ clock, logger });
  const hide = (text: string): string => redact(text, parts.reloader?.current?.redact ?? []);
  const worker = new DeliveryWorker({
    store,
    clock,
    logger,
    random: Math.random,
    notifiers: registry,
    publicUrl: () => parts.reloader?.current?.publicUrl ?? null,
    sourceUrlOf: (place) => {
      const config = parts.reloader?.current;
      return config ? sourceUrlOf(config, place) : null;
    },
    redact: hide,
    onOutcome: (notifier, outcome) => parts.messages.note(notifier, outcome),
  });
  const wakeDelivery = (): void => worker.wake();
  const checker: Checker = new Checker({
    store,
    clock,
    logger,
    onCommit: wakeDelivery,
    onLateWake: () => liveness.check(),
    isGapUnnoted: () => liveness.isGapUnnoted || backlog.has(ZONE_RULES),
  });
  const wakeAll = (): void => {
    checker.wake();
    worker.wake();
  };
  const ingest = new JobIngest({
    store,
    clock,
    onCommit: wakeAll,
    onRefusal: () => liveness.noteRefusal(),
    isUnstored: (name) => parts.reloader?.isUnstored(name) ?? false,
  });
  const storeAlarm = buildStoreAlarm(
    { store, clock, logger, notifiers: registry, redact: hide, onCommit: wakeDelivery },
    () => parts.reloader?.current ?? null,
  );
  const backlog = new Backlog({ clock, logger });
  const onBeat = (failure: string | null): void => storeAlarm.beat(failure);
  const onClockSetBack = (): void => worker.clockSetBack();
  const liveness = new Liveness({ store, clock, logger, onCommit: wakeAll, onBeat, onClockSetBack });
  const housekeeping = new Housekeeping({ store, clock, logger });
  const vitals = (): Vitals => ({ checkedMs: checker.lastPassedMs, storedMs: liveness.lastStoredMs });
  const heartbeat = new Heartbeat({ clock, logger, random: Math.random, vitals });
  const parts: Parts = {
    store,
    isOpen: false,
    registry,
    worker,
    checker,
    ingest,
    liveness,
    backlog,
    storeAlarm,
    housekeeping,
    heartbeat,
    messages: new MessageCounts(),
    reloader: null,
    server: null,
    appliedAt: null,
  };
  return parts;
}

/** @param current the configuration in memory, for that of the store is out of reach where it fails */
function buildStoreAlarm(
  options: Omit<StoreAlarmOptions, 'audience' | 'around'>,
  current: () => Config | null,
): StoreAlarm {
  return new StoreAlarm({
    ...options,
    audience: () => audienceOf(current()),
    around: () => {
      const { publicUrl = null, defaults = {} } = current() ?? {};
      return { publicUrl, timezone: defaults.timezone ?? 'UTC' };
    },
  });
}

async function start(options: AppOptions, parts: Parts): Promise<void> {
  const { host, port, noAuth, env, clock, logger } = options;
  const tokens = readTokens(env);
  checkListen({ host, noAuth, tokens });
  await parts.store.open();
  parts.isOpen = true;
  // Before anything is judged: what happened while nobody was listening must not read as missed.
  await parts.liveness.start();
  await parts.backlog.do(ZONE_RULES, () => expectByZoneRules({ store: parts.store, clock, logger }));
  const reloader = await buildReloader(options, parts);
  parts.reloader = reloader;
  const config = await reloader.start();
  // What was told to be wrong before the restart may have been mended meanwhile.
  if (reloader.problem === null) await configMended(options, parts);
  const unknownPings = new UnknownPings({ clock, logger });
  const deps: HttpDeps = {
    store: parts.store,
    ingest: parts.ingest,
    clock,
    logger,
    tokens,
    version: PACKAGE.version,
    validateDeclaration: (input) => validateInput(input, reloader.current),
    configStatus: () => statusOf(options.configPath, reloader, parts.appliedAt),
    reload: async ({ confirm }) => {
      const result = await reloader.reload({
        because: 'POST /config/reload',
        ...(confirm === undefined ? {} : { confirm }),
      });
      if (result.status === 'refused') {
        const { code, text, faults } = result.problem;
        throw new CronflowError(code, text, { faults });
      }
      return statusOf(options.configPath, reloader, parts.appliedAt);
    },
    globals: () => reloader.current?.globals ?? DEFAULT_GLOBALS,
    notices: () => noticesOf(reloader.current, reloader.problem, parts),
    heartbeat: () => parts.heartbeat.status,
    tellingNobody: () => tellingNobody(reloader.current),
    messages: parts.messages,
    onUnknownPing: (name, kind) => unknownPings.note(name, kind),
    unknownPings: () => unknownPings.recent(),
    onFormerName: (name, job, kind) => unknownPings.noteFormer(name, job, kind),
  };
  parts.server = createServer(deps);
  const { url } = await parts.server.listen(host, port);
  parts.worker.start(config.notifiers.map((notifier) => notifier.name));
  parts.checker.start();
  parts.housekeeping.start();
  parts.heartbeat.start();
  logger.info('listening', { url, version: PACKAGE.version, jobs: config.jobs.length });
  if (config.defaults.timezone === undefined) logger.info('schedules without a timezone are read in UTC');
  for (const notice of noticesOf(config, null)) logger.warn(notice);
}

/** Nothing in it waits for what others do to end: what is left undone is done after the next start. */
async function stop(parts: Parts): Promise<void> {
  // All in one turn. What no ping can come to answer any more is not judged: it ends as time away.
  const checked = parts.checker.stop();
  const closed = parts.server?.close();
  const noted = parts.isOpen ? parts.liveness.stop() : undefined;
  const others = [parts.heartbeat.stop(), parts.reloader?.close(), parts.backlog.stop()];
  await Promise.all([checked, closed, noted, ...others]);
  parts.ingest.stop();
  parts.housekeeping.stop();
  await parts.worker.stop();
  await parts.storeAlarm.stop();
  await parts.registry.close();
  if (!parts.isOpen) return;
  await parts.store.close();
  parts.isOpen = false;
}

async function buildReloader(options: AppOptions, parts: Parts): Promise<ConfigReloader> {
  const { store } = parts;
  const { clock, logger, env, configPath, strict } = options;
  const stored = await storedConfiguration(store);
  return new ConfigReloader({
    path: configPath,
    env,
    clock,
    logger,
    strict,
    stored: stored?.files ?? [],
    onUnstored: (config) => follow(config, parts),
    plan: (config): Promise<Plan> =>
      store.transact({ all: true }, (tx) => planChanges(tx.jobs(), config.jobs, config)),
    apply: (config) => applyConfig(config, options, parts),
    onProblem: async ({ code, text, causes }) => {
      // A store that takes no commit takes no report of it either; the log has it.
      if (code === 'store_unavailable') return;
      const reason = code === 'config_held' ? 'config_held' : 'config_invalid';
      await parts.backlog.do(CONFIG_NEWS, async () => {
        await reportTrouble(store, { kind: 'config', reason, detail: text, causes }, clock.now());
        parts.worker.wake();
      });
    },
    onResolved: () => configMended(options, parts),
  });
}

function configMended({ clock }: AppOptions, { store, backlog, worker }: Parts): Promise<void> {
  return backlog.do(CONFIG_NEWS, async () => {
    await reportMended(store, 'config', clock.now());
    worker.wake();
  });
}

/** One commit, then what lives outside the store follows it. */
async function applyConfig(config: Config, { clock }: AppOptions, parts: Parts): Promise<Plan> {
  const at = clock.now();
  const plan = await applyConfiguration(parts.store, config, at);
  parts.appliedAt = at;
  follow(config, parts);
  return plan;
}

/** Has what lives outside the store follow a configuration. */
function follow(config: Config, { worker, registry, heartbeat, checker }: Parts): void {
  worker.notifiersChanged(registry.apply(config.notifiers));
  heartbeat.apply(config.heartbeat);
  checker.wake();
}

function validateInput(input: unknown, config: Config | null): ValidDeclaration | readonly Fault[] {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  if (!isObject) {
    return [
      {
        code: 'bad_type',
        path: '',
        message: 'must be a JSON object such as {"name": "backup", "schedule": "0 2 * * *"}',
      },
    ];
  }
  const { name, ...declaration } = input as Record<string, unknown>;
  const result = validateDeclaration(
    name,
    declaration,
    config ?? { defaults: {} },
    config?.globals.notifiers ?? [],
  );
  return Array.isArray(result) ? result : { name: name as string, declared: result.declared };
}

function statusOf(
  path: string,
  { current, problem }: ConfigReloader,
  appliedAt: number | null,
): ConfigStatus {
  const heldRevision = problem?.revision ?? null;
  return {
    revision: current?.revision ?? null,
    source: path,
    files: current?.files.map((file) => file.path) ?? [],
    applied_at: appliedAt,
    last_error:
      problem === null
        ? null
        : { at: problem.since_at, code: problem.code, detail: problem.text, faults: problem.faults },
    held: heldRevision === null ? null : { revision: heldRevision, detail: problem?.text ?? '' },
  };
}

/** Who is told of what belongs to no job, as far as the configuration in memory says. */
function audienceOf(config: Config | null): readonly string[] {
  const notify = config?.defaults.notify?.map((item) => (typeof item === 'string' ? item : item.to));
  return notify ?? config?.globals.notifiers ?? [];
}

/** Names of the notifiers that only log although they are meant to tell somebody. */
function tellingNobody(config: Config | null): string[] {
  return (config?.notifiers ?? []).filter(tellsNobody).map(({ name }) => name);
}

/** What people should know although the service runs: on start, on `/readyz` and on `/`. */
function noticesOf(
  config: Config | null,
  problem: ConfigProblem | null,
  parts?: Pick<Parts, 'worker' | 'heartbeat'>,
): string[] {
  const notices: string[] = [];
  for (const name of tellingNobody(config)) {
    notices.push(
      `nobody will be told: notifier "${name}" has no webhook_url, its notifications only go to the log ` +
        '(set SLACK_WEBHOOK_URL, or webhook_url in the configuration)',
    );
  }
  for (const name of parts?.worker.failing ?? []) {
    notices.push(
      `messages to notifier "${name}" are not delivered; GET /deliveries?notifier=${name} says why`,
    );
  }
  const trouble = parts?.heartbeat.status?.trouble ?? null;
  if (trouble !== null) notices.push(trouble);
  if (problem !== null) notices.push('the configuration on disk is not applied; GET /config says why');
  return notices;
}
