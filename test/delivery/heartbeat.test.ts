import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Heartbeat, type Vitals } from '../../src/delivery/heartbeat.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock, type FakeClock, settle } from '../support/fake-clock.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const SECRET = '0123-secret-4567';

type Answer = (response: ServerResponse) => void;
const ok: Answer = (response) => void response.end('OK');

/** Whom Cronflow tells that it lives. */
async function startWatcher() {
  const asked: { method: string; url: string }[] = [];
  const state: { answer: Answer } = { answer: ok };
  const server = createServer((request: IncomingMessage, response) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '' });
    state.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/ping/${SECRET}`,
    asked,
    state,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

let watcher: Awaited<ReturnType<typeof startWatcher>>;
let clock: FakeClock;
let heartbeat: Heartbeat;
let log = '';
/** How the checker and the store are; `alive` moves them on with the clock. */
let vitals: () => Vitals;
const alive = (): Vitals => ({ checkedMs: clock.monotonic(), storedMs: clock.monotonic(), sends: true });

beforeEach(async () => {
  watcher = await startWatcher();
  clock = createFakeClock();
  log = '';
  vitals = alive;
  const logger = createLogger(clock, 'debug', (line) => void (log += line.slice(25)));
  heartbeat = new Heartbeat({ clock, logger, random: () => 0, vitals: () => vitals() });
});
afterEach(async () => {
  await heartbeat.stop();
  await watcher.close();
});

/** Waits for what takes a socket. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settle();
}
/** Resolves once as many were taken, or not, as said, and the next one is arranged for. */
const outcomes = (taken: number, failed = 0): Promise<void> =>
  until(
    () => heartbeat.status?.taken === taken && heartbeat.status.failed === failed && clock.timerCount === 1,
  );

describe('a heartbeat', () => {
  test('asks for the address soon after the start, and then as often as is said', async () => {
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    expect(clock.timerCount).toBe(0);
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await outcomes(1);
    expect(watcher.asked).toEqual([{ method: 'GET', url: `/ping/${SECRET}` }]);
    await clock.advance(MINUTE_MS - 1);
    expect(watcher.asked).toHaveLength(1);
    await clock.advance(1);
    await outcomes(2);
    await clock.advance(MINUTE_MS);
    await outcomes(3);
    expect(watcher.asked).toHaveLength(3);
    expect(heartbeat.status).toEqual({ taken: 3, failed: 0, trouble: null });
    expect(log).toBe('');
  });

  test('waits for the first check and the first commit, and logs nothing about the wait', async () => {
    vitals = () => ({ checkedMs: null, storedMs: 0, sends: true });
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    heartbeat.start();
    await clock.advance(MINUTE_MS);
    expect({ asked: watcher.asked, log }).toEqual({ asked: [], log: '' });
    vitals = alive;
    await clock.advance(10 * SECOND_MS);
    await outcomes(1);
  });

  test.each([
    ['a store that takes no commit', 'storedMs', 'nothing could be stored for 60 s'],
    ['a checker that hangs', 'checkedMs', 'no check of the jobs was completed for 60 s'],
  ] as const)('is not sent with %s, and is sent again once that has passed', async (_, sign, why) => {
    heartbeat.apply({ url: watcher.url, everyMs: 20 * SECOND_MS });
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await outcomes(1);
    const lastMs = clock.monotonic();
    vitals = () => ({ ...alive(), [sign]: lastMs });
    for (let taken = 2; taken <= 4; taken += 1) {
      await clock.advance(20 * SECOND_MS);
      await outcomes(taken);
    }
    // 60 s old is not yet too old; from then on nothing arrives, however long it lasts.
    await clock.advance(10 * MINUTE_MS);
    expect(watcher.asked).toHaveLength(4);
    expect(heartbeat.status?.trouble).toBe(`no heartbeat is sent: ${why}`);
    expect(log).toBe(`error no heartbeat is sent: ${why}\n`);
    vitals = alive;
    await clock.advance(10 * SECOND_MS);
    await outcomes(5);
    expect(heartbeat.status?.trouble).toBeNull();
    expect(log).toContain('info  heartbeats arrive again\n');
  });

  test('is not sent while nobody would be told of anything, and is sent again after that', async () => {
    heartbeat.apply({ url: watcher.url, everyMs: 20 * SECOND_MS });
    vitals = () => ({ ...alive(), sends: false });
    heartbeat.start();
    await clock.advance(10 * MINUTE_MS);
    const why = 'this instance cannot read the configuration that is applied, so it sends no messages';
    expect({ asked: watcher.asked, log }).toEqual({ asked: [], log: `error no heartbeat is sent: ${why}\n` });
    expect(heartbeat.status?.trouble).toBe(`no heartbeat is sent: ${why}`);
    vitals = alive;
    await clock.advance(10 * SECOND_MS);
    await outcomes(1);
    expect(heartbeat.status?.trouble).toBeNull();
  });

  test('that is not taken is tried again soon, and is told once, with the host alone', async () => {
    watcher.state.answer = (response) => void response.writeHead(404).end(`Cannot GET /ping/${SECRET}`);
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await outcomes(0, 1);
    // 2.5, 5, 10, 20 and 40 s, by a backoff without chance; never later than the next one is due.
    for (const [failed, waitMs] of [
      [2, 2_500],
      [3, 5_000],
      [4, 10_000],
      [5, 20_000],
      [6, 40_000],
      [7, 60_000],
    ] as const) {
      await clock.advance(waitMs - 1);
      expect(watcher.asked).toHaveLength(failed - 1);
      await clock.advance(1);
      await outcomes(0, failed);
    }
    const trouble = `heartbeats do not arrive at ${watcher.host}: answered 404`;
    expect(log).toBe(`warn  ${trouble}\n`);
    expect(heartbeat.status?.trouble).toBe(trouble);
    watcher.state.answer = ok;
    await clock.advance(MINUTE_MS);
    await outcomes(1, 7);
    expect(log).toBe(`warn  ${trouble}\ninfo  heartbeats arrive again\n`);
    expect(log).not.toContain(SECRET);
    expect(heartbeat.status?.trouble).toBeNull();
  });

  test('that is not answered ends after 10 s', async () => {
    watcher.state.answer = () => {};
    heartbeat.apply({ url: watcher.url, everyMs: 10 * SECOND_MS });
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await until(() => watcher.asked.length === 1);
    await clock.advance(10 * SECOND_MS - 1);
    expect(heartbeat.status?.failed).toBe(0);
    await clock.advance(1);
    await outcomes(0, 1);
    expect(heartbeat.status?.trouble).toBe(
      `heartbeats do not arrive at ${watcher.host}: no answer within 10 s`,
    );
  });

  test('says that nobody is there', async () => {
    await watcher.close();
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await outcomes(0, 1);
    expect(log).toBe(
      `warn  heartbeats do not arrive at ${watcher.host}: ECONNREFUSED: nothing listens there\n`,
    );
  });

  test('follows the configuration: begins, changes, ends', async () => {
    const other = await startWatcher();
    heartbeat.start();
    await clock.advance(MINUTE_MS);
    expect(heartbeat.status).toBeNull();
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    await clock.advance(SECOND_MS);
    await outcomes(1);
    // The same again, as at a reload for another reason, does not send another.
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    await clock.advance(SECOND_MS);
    expect(heartbeat.status?.taken).toBe(1);
    heartbeat.apply({ url: other.url, everyMs: 10 * SECOND_MS });
    await clock.advance(SECOND_MS);
    await outcomes(2);
    await clock.advance(10 * SECOND_MS);
    await outcomes(3);
    expect([watcher.asked.length, other.asked.length]).toEqual([1, 2]);
    heartbeat.apply(null);
    expect(clock.timerCount).toBe(0);
    await clock.advance(10 * MINUTE_MS);
    expect([watcher.asked.length, other.asked.length]).toEqual([1, 2]);
    await other.close();
  });

  test('does not wait for an answer when it is configured anew, or stopped', async () => {
    watcher.state.answer = () => {};
    heartbeat.apply({ url: watcher.url, everyMs: MINUTE_MS });
    heartbeat.start();
    await clock.advance(SECOND_MS);
    await until(() => watcher.asked.length === 1);
    heartbeat.apply({ url: `${watcher.url}/new`, everyMs: MINUTE_MS });
    await clock.advance(SECOND_MS);
    await until(() => watcher.asked.length === 2);
    await heartbeat.stop();
    expect(heartbeat.status).toMatchObject({ taken: 0, failed: 0, trouble: null });
    expect({ log, timers: clock.timerCount }).toEqual({ log: '', timers: 0 });
    await heartbeat.stop();
  });
});
