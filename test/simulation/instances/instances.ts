import { LIVENESS_KEY } from '../../../src/apply/alive.ts';
import { Checker } from '../../../src/checker/checker.ts';
import { Liveness } from '../../../src/checker/liveness.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { INSTANCES_KEY, type Store } from '../../../src/store/store.ts';
import type { Script, Verdict } from '../script.ts';
import type { Database } from '../system/database.ts';
import { type Doing, Doings } from '../system/doings.ts';
import { lostRecords } from '../system/lost-records.ts';
import { Recorder } from '../system/recorder.ts';
import { recordingStore } from '../system/recording-store.ts';
import { VirtualClock } from '../system/virtual-clock.ts';
import type { Dice } from '../world/dice.ts';
import { Mailboxes } from './mailboxes.ts';
import { OrderedCommits } from './ordered-commits.ts';
import { type Fate, Process } from './process.ts';

const INSTANCES_MAX = 3;
/** An instance in doubt waits for a sign of others, which comes as often. */
const SIGN_EVERY_MS = 2 * SECOND_MS;
/** An instance judges nothing that was due less than this long ago, as in `app/parts.ts`. */
const MARGIN_MS = SECOND_MS;
/** A frozen process goes on within this time. It is longer than every lease and every wait. */
const FROZEN_MS_MAX = 10 * MINUTE_MS;
/** What is owed at the end is told within this time, also where an instance has just died with a lease of a minute. */
const SENDING_MS = 5 * MINUTE_MS;
/** Now and then up to this much of the time before something happens is not skipped, so that signs of life lie in it. */
const QUIET_MS_MAX = 12 * SECOND_MS;
/** Everything that a start, a ping or a timer sets off may take this many turns beside the answers of the database. */
const TURNS = 2;

/** The parts of one instance, as `app.ts` puts them together. */
interface Instance {
  name: string;
  process: Process;
  opened: Store;
  store: Store;
  checker: Checker;
  ingest: JobIngest;
  liveness: Liveness;
  worker: DeliveryWorker;
}

/** What came of a play. */
interface Played {
  verdict: Verdict;
  /** What is wrong in the database, or in what people were told, for people. */
  faults: string[];
}

/** Something that is done to an instance, at an instant. */
interface Disturbance {
  at: number;
  act: () => Promise<void> | void;
}

/**
 * Plays a script to several instances on one database, which are killed, frozen, stopped and started meanwhile. One of
 * them always lives, so all of them together have to do what one does that is never away.
 */
export class Instances {
  readonly recorder = new Recorder();
  /** What was done to instances, for people. */
  readonly done: string[] = [];
  readonly #script: Script;
  readonly #database: Database;
  readonly #dice: Dice;
  readonly #clock: VirtualClock;
  readonly #doings: Doings;
  readonly #commits = new OrderedCommits(this.recorder);
  readonly #mailboxes = new Mailboxes();
  #interruptions = 0;
  #all: Instance[] = [];
  #disturbances: Disturbance[] = [];
  #isSkipping = false;
  #count = 0;

  constructor(script: Script, database: Database, dice: Dice) {
    this.#script = script;
    this.#database = database;
    this.#dice = dice;
    this.#clock = new VirtualClock(script.start_at, TURNS, () => database.underWay());
    this.#doings = new Doings(script, this.#clock);
    const span = script.end_at - script.start_at;
    for (let count = dice.int(4, 12); count > 0; count -= 1)
      this.#plan(this.#script.start_at + dice.int(SECOND_MS, span), () => this.#disturb());
  }

  async play(): Promise<Played> {
    await this.#start();
    await this.#doings.configure(this.#all[0]!.store);
    while (this.#all.length < INSTANCES_MAX) await this.#start();
    for (const happening of this.#script.happenings) {
      await this.#passTo(happening.at);
      if (happening.type !== 'away') await this.#do(happening);
    }
    // What is due by the end is judged a moment after it.
    await this.#passTo(this.#script.end_at + MARGIN_MS + 1);
    const { recorder } = this;
    const verdict = recorder.verdict();
    const lost = await lostRecords(this.#sound()[0]!.opened, recorder, { isSending: true });
    const owed = [...recorder.deliveries.values()];
    await this.#passTo(this.#clock.now() + SENDING_MS);
    const { opened } = this.#sound()[0]!;
    const untold = await this.#mailboxes.faults(owed, opened, this.#interruptions);
    return { verdict, faults: [...lost, ...untold] };
  }

  #plan(at: number, act: Disturbance['act']): void {
    this.#disturbances.push({ at, act });
    this.#disturbances.sort((a, b) => a.at - b.at);
  }

  /** Lets time pass up to an instant, with all that is done to instances meanwhile. */
  async #passTo(at: number): Promise<void> {
    for (;;) {
      const [next] = this.#disturbances;
      const untilAt = Math.min(at, next?.at ?? Infinity);
      while (await this.#skipIdleTime(untilAt)) continue;
      await this.#clock.advanceTo(untilAt);
      this.#commits.flush();
      if (next === undefined || next.at >= at) return;
      // What befell an instance meanwhile may have planned something earlier.
      this.#disturbances = this.#disturbances.filter((each) => each !== next);
      await next.act();
      await this.#settle();
    }
  }

  /**
   * Lets a client or a person do something, at any instance that answers. Whoever gets no answer asks another one, as
   * the wrapper does, and an impatient one asks two at once. What cannot be repeated is asked once, of an instance that
   * is not about to die.
   */
  async #do(doing: Doing): Promise<void> {
    const isRepeatable = doing.type === 'ping' && doing.ping.rid !== undefined;
    if (this.#dice.chance(0.3)) this.#wake();
    for (let isDone = false; !isDone;) {
      const able = this.#all.filter(
        ({ process }) => process.isRunning && (isRepeatable || !process.isDoomed),
      );
      const first = this.#dice.pick(able);
      const isImpatient = isRepeatable && this.#dice.chance(0.3);
      const asked = isImpatient ? [first, able.find((each) => each !== first) ?? first] : [first];
      const answers = asked.map(({ process, store, ingest }) => {
        const answered = this.#doings.happen(doing, { store, ingest }).then(() => true);
        return Promise.race([answered, process.interruption().then(() => false)]);
      });
      isDone = (await Promise.all(answers)).some(Boolean);
    }
    this.#wake();
    await this.#settle();
  }

  /** Most instances hear at once of what was committed. Those that do not look by themselves within 10 s. */
  #wake(): void {
    for (const { process, checker, worker } of this.#all) {
      if (!process.isRunning || this.#dice.chance(0.2)) continue;
      checker.wake();
      worker.wake();
    }
  }

  async #settle(): Promise<void> {
    await this.#clock.settle();
    this.#commits.flush();
  }

  /** The instances that go on, whatever befalls the others. */
  #sound(): Instance[] {
    return this.#all.filter(
      ({ process, liveness }) => process.isRunning && !process.isDoomed && liveness.doubt === null,
    );
  }

  async #disturb(): Promise<void> {
    const victims = this.#all.filter(
      (each) => !each.process.isDoomed && this.#sound().some((other) => other !== each),
    );
    if (victims.length === 0) return this.#plan(this.#clock.now() + MINUTE_MS, () => this.#disturb());
    const victim = this.#dice.pick(victims);
    const isMade = this.#dice.chance(0.5);
    const calls = this.#dice.int(1, 8);
    switch (this.#dice.pick(['kill', 'doom', 'doom', 'freeze', 'freeze soon', 'stop'] as const)) {
      case 'kill':
        this.#note(`killed`);
        victim.process.kill();
        return this.#gone(victim);
      case 'doom':
        this.#note(`killed ${isMade ? 'after' : 'before'} call ${calls}`);
        return victim.process.doom({ calls, what: 'killed', isMade });
      case 'freeze soon':
        this.#note(`frozen ${isMade ? 'after' : 'before'} call ${calls}`);
        return victim.process.doom({ calls, what: 'frozen', isMade });
      case 'freeze':
        this.#note('frozen');
        victim.process.freeze();
        return this.#thawLater(victim);
      case 'stop':
        if (!victim.process.isRunning) return;
        this.#note('stopped');
        victim.ingest.stop();
        await Promise.all([victim.checker.stop(), victim.liveness.stop(), victim.worker.stop()]);
        victim.process.kill();
        return this.#gone(victim);
    }
  }

  #note(what: string): void {
    if (what !== 'stopped') this.#interruptions += 1;
    this.done.push(`${new Date(this.#clock.now()).toISOString()} ${what}`);
  }

  #meet(instance: Instance, { what }: Fate): void {
    if (what === 'killed') this.#gone(instance);
    else this.#thawLater(instance);
  }

  #thawLater({ process }: Instance): void {
    this.#plan(this.#clock.now() + this.#dice.spanMs(100, FROZEN_MS_MAX), () => process.thaw());
  }

  /** Forgets an instance that is gone, and starts another one after a while. */
  #gone(instance: Instance): void {
    this.#all = this.#all.filter((each) => each !== instance);
    this.#database.leave(instance.opened);
    this.#plan(this.#clock.now() + this.#dice.spanMs(10, 2 * MINUTE_MS), () => this.#start());
  }

  async #start(): Promise<void> {
    this.#count += 1;
    const name = `instance-${this.#count}`;
    const instance: Partial<Instance> = {};
    const process = new Process((fate) => this.#meet(instance as Instance, fate));
    const clock = process.clock(this.#clock);
    const opened = await this.#database.open(clock);
    const store = process.store(recordingStore(opened, this.#commits, this.#commits.ran).store);
    const logger = silentLogger;
    const liveness: Liveness = new Liveness({ store, clock, logger, instance: name });
    const checker = new Checker({
      store,
      clock,
      logger,
      onLateWake: () => (this.#isSkipping ? Promise.resolve() : liveness.check()),
      isGapUnnoted: () => liveness.isGapUnnoted,
      marginMs: MARGIN_MS,
    });
    const ingest = new JobIngest({
      store,
      clock,
      onRefusal: () => liveness.noteRefusal(),
      doubt: () => liveness.doubt,
    });
    const worker = new DeliveryWorker({
      // What is sent changes the outbox, and not what was owed.
      store: process.store(opened),
      owner: name,
      clock,
      logger,
      random: () => this.#dice.random(),
      notifiers: this.#mailboxes.of(process),
      publicUrl: () => null,
      redact,
      probes: () => liveness.isFirst,
    });
    this.#all.push(
      Object.assign(instance, { name, process, opened, store, liveness, checker, ingest, worker }),
    );
    await liveness.start();
    checker.start();
    worker.start([]);
    await this.#settle();
  }

  /**
   * Skips time in which nothing is due and nothing happens but signs of life. The last of these are stored as if they
   * had been given all along.
   * @returns whether time passed, and more may follow
   */
  async #skipIdleTime(at: number): Promise<boolean> {
    const now = this.#clock.now();
    if (now >= at) return false;
    const { opened } = this.#sound()[0]!;
    const dueAt = (await opened.earliestDueAt()) ?? Infinity;
    const running = this.#all.filter(({ process }) => process.isRunning);
    const { total: pending } = await opened.deliveries({ status: 'pending', skip: 0, limit: 1 });
    const isBusy = pending > 0 || running.some(({ liveness }) => liveness.doubt !== null);
    const quietUntil = Math.min(at, isBusy ? now + SIGN_EVERY_MS : Math.max(now, dueAt) + MARGIN_MS);
    const quietMs = this.#dice.chance(0.2) ? this.#dice.int(1, QUIET_MS_MAX) : 1;
    if (!isBusy && quietUntil - now > quietMs) await this.#skip(quietUntil - now - quietMs, running);
    if (quietUntil >= at) return false;
    await this.#clock.advanceTo(Math.min(at, quietUntil + 1));
    return true;
  }

  async #skip(ms: number, running: readonly Instance[]): Promise<void> {
    this.#clock.skip(ms);
    const names = new Set(running.map(({ name }) => name));
    await running[0]!.opened.transact({ meta: [LIVENESS_KEY, INSTANCES_KEY] }, (tx) => {
      const signs = Object.entries(tx.meta(INSTANCES_KEY) as Record<string, { at: number }>);
      const later = signs.map(([id, sign]) => [id, names.has(id) ? { ...sign, at: sign.at + ms } : sign]);
      tx.putMeta(INSTANCES_KEY, Object.fromEntries(later));
      tx.putMeta(LIVENESS_KEY, (tx.meta(LIVENESS_KEY) as number) + ms);
    });
    this.#isSkipping = true;
    for (const { checker } of running) checker.wake();
    await this.#settle();
    this.#isSkipping = false;
  }
}
