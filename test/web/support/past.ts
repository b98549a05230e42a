import { applyConfiguration } from '../../../src/apply/configuration.ts';
import { Checker } from '../../../src/checker/checker.ts';
import { expectByZoneRules } from '../../../src/checker/zone-rules.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Actor } from '../../../src/core/model/audit.ts';
import type { PingKind } from '../../../src/core/model/reasons.ts';
import type { Ping } from '../../../src/core/model/records.ts';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import type { Ingest } from '../../../src/ingest/ingest.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { pingOf } from '../../support/records.ts';

/** Turns of the event loop after which nothing is under way. */
const IDLE_TURNS = 4;
const FILE: Actor = { via: 'file', who: 'the file changed', from: 'monitor-1' };

/** What can happen in a past, at one of its instants. */
export interface Hand {
  readonly ingest: Ingest;
  readonly store: Store;
  readonly ping: (job: string, kind: PingKind, fields?: Partial<Ping>) => Promise<unknown>;
  /** Applies the configuration that stands in the file. */
  readonly configure: () => Promise<void>;
}

export interface Happening {
  at: number;
  /** Happenings of one instant happen at once. */
  do: (hand: Hand) => unknown;
}

export interface Past {
  directory: string;
  configPath: string;
  happenings: readonly Happening[];
  /** The instant at which it ends. */
  untilAt: number;
  /** How the receivers answer; those that are not named take every message. */
  answers?: Readonly<Record<string, SendResult>>;
}

/**
 * Plays a past into a data directory, in which a service then begins. It is played by the parts that a service is made
 * of, on a clock that jumps from one happening to the next, so a few days take seconds. Receivers are none but answers.
 */
export async function playPast({
  directory,
  configPath,
  happenings,
  untilAt,
  answers = {},
}: Past): Promise<void> {
  const ordered = happenings.toSorted((a, b) => a.at - b.at);
  const clock = createFakeClock(ordered[0]?.at ?? untilAt);
  const opened = new LowdbStore({ directory, clock, log: silentLogger });
  await opened.open();
  const { store, idle } = counted(opened);
  const logger = silentLogger;
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  const checker = new Checker({
    store,
    clock,
    logger,
    onLateWake: async () => {},
    isGapUnnoted: () => false,
  });
  // A notifier that is another object has other settings, and what the old ones met is tried again.
  const receivers = new Map<string, Notifier>();
  const receiverOf = (name: string): Notifier => {
    const known = receivers.get(name) ?? receiver(name, answers[name] ?? { result: 'ok' });
    receivers.set(name, known);
    return known;
  };
  const worker = new DeliveryWorker({
    store,
    owner: 'past',
    clock,
    logger,
    random: () => 0.5,
    notifiers: { get: receiverOf },
    publicUrl: () => null,
    redact: (text) => text,
  });
  const hand: Hand = {
    ingest,
    store,
    ping: (job, kind, fields = {}) => ingest.ping(job, { ...pingOf(kind, clock.now()), ...fields }),
    configure: async () => {
      const loaded = await loadConfig(configPath, {});
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
      await applyConfiguration(store, loaded.config, clock.now(), { author: { by: FILE } });
    },
  };
  // A service notes at its first start by which rules of time zones it expects.
  await expectByZoneRules({ store, clock, logger });
  checker.start();
  worker.start([]);
  const moveTo = async (at: number): Promise<void> => {
    // What time alone does is told when it is done, and not only at the next happening.
    for (;;) {
      const dueAt = await store.earliestDueAt();
      clock.set(dueAt === null || dueAt >= at ? at : dueAt + 1);
      checker.wake();
      await idle();
      worker.wake();
      await idle();
      if (clock.now() >= at) return;
    }
  };
  for (const here of byInstant(ordered)) {
    await moveTo(here[0]!.at);
    await Promise.all(here.map((happening) => happening.do(hand)));
    worker.wake();
    await idle();
  }
  await moveTo(untilAt);
  await checker.stop();
  await worker.stop();
  await opened.close();
}

function byInstant(ordered: readonly Happening[]): Happening[][] {
  const groups = new Map<number, Happening[]>();
  for (const happening of ordered) {
    const group = groups.get(happening.at);
    if (group === undefined) groups.set(happening.at, [happening]);
    else group.push(happening);
  }
  return [...groups.values()];
}

function receiver(name: string, answer: SendResult): Notifier {
  return {
    name,
    type: 'webhook',
    concurrency: 4,
    keepsState: false,
    mergedLengthMax: null,
    send: async () => answer,
    close: async () => {},
  };
}

/** Returns the store, and a function that waits until nothing is asked of it any more. */
function counted(opened: Store): { store: Store; idle: () => Promise<void> } {
  let asked = 0;
  const store = new Proxy(opened, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, args);
        if (!(result instanceof Promise)) return result;
        asked += 1;
        const settled = (): void => void (asked -= 1);
        result.then(settled, settled);
        return result;
      };
    },
  });
  const idle = async (): Promise<void> => {
    for (let turn = 0; turn < IDLE_TURNS; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (asked > 0) turn = 0;
    }
  };
  return { store, idle };
}
