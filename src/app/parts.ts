import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { EVENT_META, readGlobals } from '../apply/events.ts';
import { Checker } from '../checker/checker.ts';
import { Housekeeping } from '../checker/housekeeping.ts';
import { Liveness } from '../checker/liveness.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { ConfigReloader } from '../config/reloader.ts';
import { hideSecrets } from '../config/secrets/hide.ts';
import { sourceUrlOf } from '../config/source-url.ts';
import { redact } from '../core/text/redact.ts';
import { Heartbeat, type Vitals } from '../delivery/heartbeat.ts';
import { NotifierRegistry } from '../delivery/registry.ts';
import { StoreAlarm, type StoreAlarmOptions } from '../delivery/sending/store-alarm.ts';
import { DeliveryWorker, type DeliveryWorkerOptions } from '../delivery/sending/worker.ts';
import type { BasePathOptions } from '../http/request/base-path.ts';
import type { HttpServer } from '../http/server.ts';
import { JobIngest } from '../ingest/job-ingest.ts';
import type { Logger } from '../observe/log.ts';
import { MessageCounts } from '../observe/message-counts.ts';
import type { ServiceCounts } from '../observe/service-counts.ts';
import { Backlog } from '../store/backlog.ts';
import { loggedStore } from '../store/logged.ts';
import type { Store, View } from '../store/store.ts';
import { defaultNotifiers } from '../core/model/defaults.ts';
import { ConfigTellers } from './config-tellers.ts';

/** The name of the work in the backlog that follows a change of the rules of time zones. */
export const ZONE_RULES = 'the rules of time zones';

/**
 * Where instances share a store, a ping that came in time may still be on its way to it at another instance. People
 * hear of trouble within 2 s of the deadline, so no instance waits longer.
 */
const SHARED_MARGIN_MS = 1_000;

export interface AppOptions {
  configPath: string;
  /** The URL of the store, for `openStore`. */
  storeUrl: string;
  host: string;
  port: number;
  /** Listens on any address without a token. */
  noAuth: boolean;
  /** Where a reverse proxy shows Cronflow; absent, at the root. */
  base?: BasePathOptions;
  /** Refuses to start on an invalid file even if an earlier revision is stored. */
  strict: boolean;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  logger: Logger;
  /** How long this instance holds a lane of messages without a renewal; absent, as long as DeliveryWorker says. */
  leaseMs?: number;
}

/** The parts that live as long as the service. Those that need a configuration are added by `start`. */
export interface Parts {
  store: Store;
  registry: NotifierRegistry;
  worker: DeliveryWorker;
  checker: Checker;
  ingest: JobIngest;
  liveness: Liveness;
  /** Work that has to be stored although nobody asks for it again. */
  backlog: Backlog;
  storeAlarm: StoreAlarm;
  housekeeping: Housekeeping;
  heartbeat: Heartbeat;
  messages: MessageCounts;
  counts: ServiceCounts;
  reloader: ConfigReloader | null;
  server: HttpServer | null;
  appliedAt: number | null;
  /** Which instances have told of trouble with their configuration; null where none shares the store. */
  tellers: ConfigTellers | null;
  /** The problem that this instance lags behind others, once people were told of it. */
  lagTold: ConfigProblem | null;
  isStopping: boolean;
}

/**
 * Builds the object graph, in which each part is given the others that it uses. Nothing runs yet.
 * @param opened the store, which is open
 * @param counts what is counted from the start on
 */
export function buildParts(options: AppOptions, opened: Store, counts: ServiceCounts): Parts {
  const { clock, logger, leaseMs } = options;
  const store = loggedStore(opened, logger, { counts, clock });
  counts.isPerJob = () => parts.reloader?.current?.perJobMetrics ?? false;
  const registry = new NotifierRegistry({ clock, logger });
  const instance = randomUUID();
  const isShared = store.isShared === true;
  const hide = (text: string): string => redact(text, parts.reloader?.current?.redact ?? []);
  const given = { store, owner: instance, leaseMs, clock, logger, notifiers: registry, redact: hide };
  const worker = buildWorker(given, () => parts);
  const checker: Checker = new Checker({
    store,
    clock,
    logger,
    onLateWake: () => liveness.check(),
    isGapUnnoted: () => liveness.isGapUnnoted || backlog.has(ZONE_RULES),
    marginMs: isShared ? SHARED_MARGIN_MS : 0,
  });
  const ingest = new JobIngest({
    store,
    clock,
    onRefusal: () => liveness.noteRefusal(),
    doubt: () => liveness.doubt,
    isUnstored: (name) => parts.reloader?.isUnstored(name) ?? false,
    hide: (text) => hideSecrets(text, parts.reloader?.current?.redact ?? []),
  });
  const storeAlarm = buildStoreAlarm(
    {
      store,
      clock,
      logger,
      notifiers: registry,
      redact: hide,
      ...(isShared ? { instance: hostname(), place: () => liveness.place } : {}),
    },
    () => parts.reloader?.current ?? null,
  );
  const backlog = new Backlog({ clock, logger });
  const onBeat = (failure: string | null): void => storeAlarm.beat(failure);
  const onClockSetBack = (): void => worker.clockSetBack();
  const among = isShared ? { instance, onDeath: () => worker.wake() } : {};
  const liveness = new Liveness({ store, clock, logger, onBeat, onClockSetBack, ...among });
  const vitals = (): Vitals => ({
    checkedMs: checker.lastPassedMs,
    storedMs: liveness.lastStoredMs,
    sends: !worker.isAside,
  });
  const parts: Parts = {
    store,
    registry,
    worker,
    checker,
    ingest,
    liveness,
    backlog,
    storeAlarm,
    housekeeping: new Housekeeping({ store, clock, logger }),
    heartbeat: new Heartbeat({ clock, logger, random: Math.random, vitals }),
    messages: new MessageCounts(),
    counts,
    reloader: null,
    server: null,
    appliedAt: null,
    tellers: isShared ? new ConfigTellers(store, instance, (each) => liveness.lives(each)) : null,
    lagTold: null,
    isStopping: false,
  };
  return parts;
}

/** @param parts returns the parts, of which some are built later */
function buildWorker(
  options: Pick<
    DeliveryWorkerOptions,
    'store' | 'owner' | 'leaseMs' | 'clock' | 'logger' | 'notifiers' | 'redact'
  >,
  parts: () => Parts,
): DeliveryWorker {
  const { store } = options;
  return new DeliveryWorker({
    ...options,
    random: Math.random,
    publicUrl: () => parts().reloader?.current?.publicUrl ?? null,
    sourceUrlOf: (place) => {
      const config = parts().reloader?.current;
      return config ? sourceUrlOf(config, place) : null;
    },
    onOutcome: (notifier, outcome) => parts().messages.note(notifier, outcome),
    probes: () => parts().liveness.isFirst,
    isKnown: () => parts().liveness.isKnown,
    others: () => parts().liveness.others,
    isExpected: (name) =>
      store.view({ meta: EVENT_META }, (view) => store.isShared === true && isConfigured(view, name)),
  });
}

/** Tells whether the configuration that stands has a notifier, which this instance may not know yet. */
function isConfigured(view: Pick<View, 'meta'>, name: string): boolean {
  return readGlobals(view).notifiers.includes(name);
}

/**
 * Builds the alarm about the store.
 * @param current the configuration in memory, because that in the store is out of reach where the store fails
 */
function buildStoreAlarm(
  options: Omit<StoreAlarmOptions, 'audience' | 'around'>,
  current: () => Config | null,
): StoreAlarm {
  return new StoreAlarm({
    ...options,
    audience: () => defaultNotifiers(current()?.defaults ?? {}, current()?.globals.notifiers ?? []),
    around: () => {
      const { publicUrl = null, defaults = {} } = current() ?? {};
      return { publicUrl, timezone: defaults.timezone ?? 'UTC' };
    },
  });
}
