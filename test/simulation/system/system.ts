import { gapBefore, LIVENESS_KEY, LIVENESS_WRITE_EVERY_MS } from '../../../src/apply/alive.ts';
import { applyEvent } from '../../../src/apply/events.ts';
import { Checker } from '../../../src/checker/checker.ts';
import { Liveness } from '../../../src/checker/liveness.ts';
import { OUTAGES_KEY } from '../../../src/checker/outages.ts';
import { CronflowError } from '../../../src/core/model/errors.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { overlaid } from '../../../src/store/overlaid.ts';
import type { Scope, Store, Tx } from '../../../src/store/store.ts';
import type { Happening, Script, Verdict } from '../script.ts';
import { type Disk, MemoryDisk } from './disk.ts';
import { Doings } from './doings.ts';
import { lostRecords } from './lost-records.ts';
import { Recorder } from './recorder.ts';
import { recordingStore, type RecordingStore } from './recording-store.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface SystemOptions {
  disk?: Disk;
  /** The turns of the event loop that the disk needs; one is enough for a store in memory. */
  turns?: number;
  /** Decides on crashes and, with `lazy`, on ticks. */
  random?: () => number;
  /** Lets the checker run only now and then, at random, because no outcome may depend on it. */
  lazy?: boolean;
  /** Is false for months of many jobs, whose commits are read from the store alone. */
  records?: boolean;
  /** The absences, by their beginning, before which a `lazy` checker does not come late. */
  promptBefore?: ReadonlySet<number>;
  /** Lets every beat and sleep take place, also where nothing else happens, which is slow. */
  everyBeat?: boolean;
}

/** Time that is this near to something that happens is not skipped. */
const QUIET_MS = 2 * LIVENESS_WRITE_EVERY_MS;

/** Plays a script to the real parts and says what came of it. */
export async function verdictOf(script: Script, options: SystemOptions = {}): Promise<Verdict> {
  const system = new System(script, options);
  await system.play();
  return system.recorder.verdict();
}

/** The parts between HTTP and the outbox, as `app.ts` puts them together. */
interface Parts {
  recording: RecordingStore;
  store: Store;
  checker: Checker;
  ingest: JobIngest;
  liveness: Liveness;
}

export class System {
  readonly recorder = new Recorder();
  readonly clock: VirtualClock;
  readonly #script: Script;
  readonly #options: SystemOptions;
  readonly #disk: Disk;
  readonly #random: () => number;
  readonly #doings: Doings;
  /**
   * The absences, by their beginning, that began after the checker had acted upon something and before the next sign of
   * life was stored.
   */
  readonly actedJustBefore = new Set<number>();
  #checkedAt = -Infinity;
  #parts: Parts | null = null;
  #isSkipping = false;

  constructor(script: Script, options: SystemOptions = {}) {
    this.#script = script;
    this.#options = options;
    this.#disk = options.disk ?? new MemoryDisk();
    this.#random = options.random ?? (() => 0.5);
    this.clock = new VirtualClock(script.start_at, options.turns ?? 1, () => this.#disk.underWay?.() ?? null);
    this.#doings = new Doings(script, this.clock);
  }

  async play(): Promise<void> {
    await this.begin();
    for (const happening of this.#script.happenings) await this.happen(happening);
    await this.end();
  }

  /** Starts Cronflow for the first time. */
  begin(): Promise<void> {
    return this.#start();
  }

  /** Lets time pass up to an instant, and nothing of that very instant happen yet. */
  advanceTo(at: number): Promise<void> {
    return this.#advanceTo(at, false);
  }

  /**
   * Steps the wall clock, as NTP or an operator does.
   * @param downMs how long Cronflow was dead meanwhile, by a clock that does not step; null where it went on running
   */
  async stepClock(toAt: number, downMs: number | null): Promise<void> {
    const { clock } = this;
    if (downMs === null) {
      clock.set(toAt);
      return;
    }
    this.#disk.crash(this.#random);
    clock.forgetTimers();
    clock.jumpTo(clock.now() + downMs);
    clock.set(toAt);
    await this.#start();
  }

  /** Lets the rest of the time pass. */
  async end(): Promise<void> {
    await this.#advanceTo(this.#script.end_at, true);
    if (this.#options.lazy) await this.#check();
  }

  /**
   * Asks every job whether something is due by now, whatever the checker thinks. It asks nothing while Cronflow is
   * away.
   */
  async ask(at: number): Promise<void> {
    await this.#advanceTo(at, false);
    const tick = { type: 'tick', now_at: at - 1 } as const;
    await this.#live()
      .store.transact({ all: true }, (tx) => {
        if (gapBefore(tx, at) !== null || this.#live().liveness.isGapUnnoted) return;
        for (const job of tx.jobs()) if (job.removed_at === null) applyEvent(tx, job, tick);
      })
      .catch((error: unknown) => {
        if (!(error instanceof CronflowError) || error.code !== 'store_unavailable') throw error;
      });
  }

  /** Lets time pass up to a happening, and lets the happening take place. */
  async happen(happening: Happening): Promise<void> {
    await this.#advanceTo(happening.at, false);
    if (this.#options.lazy && this.#random() < 0.2) await this.#check();
    if (happening.type === 'away') {
      await this.#noteLastActs(happening.at);
      return this.#beAway(happening);
    }
    const { checker } = this.#live();
    await this.#doings.happen(happening, this.#live());
    checker.wake();
    await this.clock.settle();
  }

  /** The store of the Cronflow that runs now. */
  get store(): Store {
    return this.#live().store;
  }

  /** Lists for people the records that were committed and answered and are not in the store any more. */
  lostRecords(): Promise<string[]> {
    return lostRecords(this.store, this.recorder);
  }

  async #start(): Promise<void> {
    const { clock } = this;
    const inner = await this.#disk.open(clock);
    const isRecorded = this.#options.records ?? true;
    const recording = isRecorded
      ? recordingStore(inner, this.recorder)
      : { store: inner, setFailing: () => {} };
    const { store } = recording;
    const logger = silentLogger;
    const checker: Checker = new Checker({
      store: this.#noting(store),
      clock,
      logger,
      onLateWake: () => (this.#isSkipping || this.#options.lazy ? Promise.resolve() : liveness.check()),
      isGapUnnoted: () => liveness.isGapUnnoted,
    });
    const ingest = new JobIngest({ store, clock, onRefusal: () => liveness.noteRefusal() });
    const liveness = new Liveness({ store, clock, logger });
    this.#parts = { recording, store, checker, ingest, liveness };
    await liveness.start();
    await this.#doings.configure(store);
    if (!this.#options.lazy) checker.start();
    await clock.settle();
  }

  /** Returns the store as the checker has it, which notes when a check has acted upon what was due. */
  #noting(store: Store): Store {
    const transact = async <T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> => {
      const result = await store.transact(scope, fn);
      // A check that did nothing says so in a word.
      if (typeof result !== 'string') this.#checkedAt = this.clock.now();
      return result;
    };
    return overlaid(store, { transact });
  }

  async #noteLastActs(awayAt: number): Promise<void> {
    if (this.#options.promptBefore?.has(awayAt) === true) await this.#check();
    const aliveAt = (await this.#live().store.meta(LIVENESS_KEY)) as number;
    if (this.#checkedAt >= aliveAt) this.actedJustBefore.add(awayAt);
  }

  async #beAway({ how, to_at: toAt }: Happening & { type: 'away' }): Promise<void> {
    const { clock } = this;
    const { recording, checker, liveness, ingest, store } = this.#live();
    switch (how) {
      case 'suspend':
        clock.jumpTo(toAt);
        // Timers that are overdue fire before anything else happens.
        await clock.advanceTo(toAt, true);
        return;
      case 'store_failing':
        recording.setFailing(true);
        await clock.advanceTo(toAt);
        recording.setFailing(false);
        return;
      case 'stop':
        ingest.stop();
        await checker.stop();
        await liveness.stop();
        await this.#disk.close(store);
        break;
      case 'crash':
        this.#disk.crash(this.#random);
        break;
    }
    clock.forgetTimers();
    clock.jumpTo(toAt);
    await this.#start();
  }

  async #advanceTo(at: number, inclusive: boolean): Promise<void> {
    while (!this.#options.everyBeat && (await this.#skipIdleTime(at))) continue;
    await this.clock.advanceTo(at, inclusive);
  }

  /**
   * Skips time in which nothing is due and nothing happens but signs of life. The last of these is stored as it would
   * have been. `everyBeat` shows that it makes no difference.
   * @returns whether time passed, and more may follow
   */
  async #skipIdleTime(at: number): Promise<boolean> {
    const { clock } = this;
    const { store, checker } = this.#live();
    const now = clock.now();
    const dueAt = this.#options.lazy ? Infinity : ((await store.earliestDueAt()) ?? Infinity);
    const aliveAt = (await store.meta(LIVENESS_KEY)) as number;
    const outages = (await store.meta(OUTAGES_KEY)) as readonly unknown[] | undefined;
    // No time is skipped while a gap or a step back is not known yet, or while an outage is to be told at an instant
    // that only a timer knows.
    const isUnknown = now - aliveAt > LIVENESS_WRITE_EVERY_MS || aliveAt > now;
    const isBusy = isUnknown || (outages ?? []).length > 0;
    const quietUntil = Math.min(at, isBusy ? now + LIVENESS_WRITE_EVERY_MS : Math.max(now, dueAt));
    const skipMs =
      Math.floor((quietUntil - now - QUIET_MS) / LIVENESS_WRITE_EVERY_MS) * LIVENESS_WRITE_EVERY_MS;
    if (skipMs > 0) {
      clock.skip(skipMs);
      await store.transact({ meta: [LIVENESS_KEY] }, (tx) => tx.putMeta(LIVENESS_KEY, aliveAt + skipMs));
      this.#isSkipping = true;
      checker.wake();
      await clock.settle();
      this.#isSkipping = false;
    }
    if (quietUntil >= at) return false;
    await clock.advanceTo(Math.min(at, quietUntil + 1), false);
    return true;
  }

  /** Looks once at everything that is due, however long it has been. */
  async #check(): Promise<void> {
    const { checker } = this.#live();
    checker.start();
    await this.clock.settle();
    await checker.stop();
  }

  #live(): Parts {
    if (this.#parts === null) throw new Error('Cronflow was never started');
    return this.#parts;
  }
}
