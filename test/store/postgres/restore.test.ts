import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyConfiguration } from '../../../src/apply/configuration.ts';
import { Checker } from '../../../src/checker/checker.ts';
import { Liveness } from '../../../src/checker/liveness.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { JobIngest } from '../../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { PostgresStore } from '../../../src/store/postgres/store.ts';
import { FakeNotifier } from '../../delivery/support/harness.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { configurationOf } from '../../support/memory-service.ts';
import { missingPostgres, PostgresServer } from '../../support/postgres.ts';
import { COPIED } from '../../support/postgres/server.ts';
import { pingOf } from '../../support/records.ts';
import { until } from '../../support/until.ts';

const START = Date.UTC(2100, 0, 1);
const PAGE = { skip: 0, limit: 100 };
/** Signs of life are no further apart. */
const STEP_MS = 20 * SECOND_MS;

/** Cronflow as one process runs it, over a server, by the clock of the test. */
class Service {
  readonly store: PostgresStore;
  readonly checker: Checker;
  readonly liveness: Liveness;
  readonly ops: FakeNotifier;
  readonly #clock: FakeClock;
  readonly #worker: DeliveryWorker;
  readonly #ingest: JobIngest;

  constructor(server: PostgresServer, clock: FakeClock) {
    this.#clock = clock;
    const logger = silentLogger;
    const url = server.url('postgres');
    const store = new PostgresStore({ url, clock, log: logger, answerMsMax: WAIT_LIMIT_MS });
    this.store = store;
    this.ops = new FakeNotifier('ops', clock);
    this.liveness = new Liveness({ store, clock, logger });
    this.#ingest = new JobIngest({ store, clock, onRefusal: () => this.liveness.noteRefusal() });
    this.checker = new Checker({
      store,
      clock,
      logger,
      onLateWake: () => this.liveness.check(),
      isGapUnnoted: () => this.liveness.isGapUnnoted,
    });
    const notifiers = new Map([['ops', this.ops]]);
    const around = {
      owner: `of ${clock.now()}`,
      random: () => 1,
      publicUrl: () => null,
      redact: (text: string) => text,
    };
    this.#worker = new DeliveryWorker({ store, clock, logger, notifiers, ...around });
  }

  async start(): Promise<void> {
    await this.store.open();
    await this.liveness.start();
    this.checker.start();
  }

  sends(): void {
    this.#worker.start(['ops']);
  }

  async ping(job: string, kind: 'success' | 'failure', delayMs = 0): Promise<void> {
    await this.#ingest.ping(job, pingOf(kind, this.#clock.now(), { delay_ms: delayMs }));
  }

  /** Lives on for a time, and judges what is due by then. */
  async live(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      await this.#clock.advance(Math.min(leftMs, STEP_MS));
      await this.liveness.check();
    }
    await until('what is due to be judged', async () => {
      this.checker.wake();
      return ((await this.store.earliestDueAt()) ?? Infinity) >= this.#clock.now() - 1;
    });
  }

  /** Ends it. */
  async end(): Promise<void> {
    const stopped = Promise.all([this.checker.stop(), this.#worker.stop(), this.liveness.stop()]);
    await this.#clock.advance(MINUTE_MS);
    await stopped;
    await this.store.close();
  }

  /** Returns the outcomes of a job's runs, the oldest first. */
  async outcomes(name: string): Promise<string[]> {
    const job = (await this.store.jobByName(name))!;
    const { items } = await this.store.runsOf(job.id, PAGE);
    return items
      .toReversed()
      .flatMap((row) =>
        Array.from({ length: row.kind === 'slots' ? row.count : 1 }, () => String(row.outcome)),
      );
  }
}

describe.skipIf(missingPostgres() !== null)(
  'a database that is restored from a backup of an earlier hour',
  () => {
    let clock: FakeClock;
    let server: PostgresServer;
    let restored: PostgresServer;
    let before: Service;
    let after: Service;
    beforeEach(async () => {
      clock = createFakeClock(START);
      server = await PostgresServer.make({ settings: COPIED });
      before = new Service(server, clock);
      await before.start();
      const hourly = { schedule: '0 * * * *', grace: '5m' };
      const jobs = { backup: hourly, report: hourly, failing: { every: '24h' } };
      await applyConfiguration(before.store, configurationOf('1', jobs, { defaults: {} }, ['ops']), START);
    });
    afterEach(async () => {
      await after.end();
      await restored.remove();
      await server.remove();
    });

    test('tells what was owed, and alarms nobody for the time between', async () => {
      await before.live(HOUR_MS);
      for (const job of ['backup', 'report']) await before.ping(job, 'success');
      await before.ping('failing', 'failure');
      restored = await server.backUp('restore');
      // What comes after the backup is lost with the server: an alarm that was sent, and two hours of pings.
      before.sends();
      await until('the alarm', () => before.ops.sent.length === 1);
      for (let hour = 2; hour <= 3; hour += 1) {
        await before.live(HOUR_MS);
        for (const job of ['backup', 'report']) await before.ping(job, 'success');
      }
      await before.end();
      await server.stop('immediate');

      await restored.start();
      after = new Service(restored, clock);
      await after.start();
      after.sends();
      expect(await after.outcomes('backup')).toEqual(['success']);
      await until('what was owed', () => after.ops.sent.length === 1);
      expect(after.ops.titles).toEqual(before.ops.titles);
      // The wrapper has kept one ping of the second hour.
      await after.ping('report', 'success', clock.now() - (START + 2 * HOUR_MS + MINUTE_MS));
      await after.live(20 * MINUTE_MS);
      expect(await after.outcomes('backup')).toEqual(['success', 'unknown', 'unknown']);
      expect((await after.outcomes('report')).toSorted()).toEqual(['success', 'success', 'unknown']);
      await until('the message about the time between', () => after.ops.sent.length > 1);
      expect(after.ops.titles.slice(1)).toEqual([expect.stringContaining('CRONFLOW WAS AWAY')]);

      // From then on everything is judged as ever.
      await after.live(START + 4 * HOUR_MS - clock.now());
      await after.ping('backup', 'success');
      await after.live(6 * MINUTE_MS);
      await until('the alarm', () => after.ops.sent.length > 2);
      expect(after.ops.titles.slice(2)).toEqual([expect.stringContaining('report')]);
      expect((await after.store.incidents({ ...PAGE, open: true })).items).toHaveLength(2);
    });
  },
);
