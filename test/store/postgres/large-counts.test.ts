import { expect, test } from 'vitest';
import type { AnswerRow } from '../../../src/store/postgres/database.ts';
import { LargeCounts } from '../../../src/store/postgres/large-counts.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const MANY = 1_000_000;
const PAGE = { skip: 0, limit: 50 };

function row(notifier: string, status: string, count: number, oldestAt: number | null = null): AnswerRow {
  return { notifier, status, count, oldest_at: oldestAt };
}

function unfinished(): AnswerRow[] {
  return [row('ops', 'pending', 3, 7), row('pager', 'dead', 2)];
}

/** Counts how often the database was asked, and answers with numbers that change. */
function counted(sent: number, succeeding: number) {
  const asked: string[] = [];
  const ask = <T>(what: string, answer: T): Promise<T> => {
    asked.push(what);
    return Promise.resolve(answer);
  };
  const numbers = { sent, succeeding };
  const clock = createFakeClock();
  const counts = new LargeCounts(clock, {
    byStatus: () =>
      ask('jobs', [
        { status: 'success', count: numbers.succeeding },
        { status: 'running', count: 4 },
      ]),
    unfinished: () => ask('unfinished', unfinished()),
    deliveries: () =>
      ask('deliveries', [unfinished(), [row('ops', 'sent', numbers.sent), row('pager', 'logged', 1)]]),
  });
  return { asked, counts, clock, numbers };
}

const OPS = { notifier: 'ops', pending: 3, logged: 0, dead: 0, oldest_pending_at: 7 };
const PAGER = { notifier: 'pager', pending: 0, sent: 0, logged: 1, dead: 2, oldest_pending_at: null };

test('few deliveries are counted at each call', async () => {
  const { asked, counts, numbers } = counted(10, 10);
  expect(await counts.byNotifier()).toEqual([{ ...OPS, sent: 10 }, PAGER]);
  numbers.sent = 11;
  expect(await counts.byNotifier()).toEqual([{ ...OPS, sent: 11 }, PAGER]);
  expect(asked).toEqual(['deliveries', 'deliveries']);
  expect(await counts.deliveries({ ...PAGE, status: 'sent' })).toBeNull();
});

test('many deliveries that are done with are counted once a minute, and what is owed at each call', async () => {
  const { asked, counts, clock, numbers } = counted(MANY, 10);
  await counts.byNotifier();
  numbers.sent = MANY + 1;
  expect(await counts.byNotifier()).toEqual([{ ...OPS, sent: MANY }, PAGER]);
  expect(asked).toEqual(['deliveries', 'unfinished']);
  await clock.advance(60_000);
  expect(await counts.byNotifier()).toEqual([{ ...OPS, sent: MANY + 1 }, PAGER]);
});

test('the number of a list of many deliveries comes from what was counted', async () => {
  const { counts } = counted(MANY, 10);
  expect(await counts.deliveries(PAGE)).toBeNull();
  counts.noteDeliveries(MANY);
  expect(await counts.deliveries(PAGE)).toBe(MANY + 1 + 3 + 2);
  expect(await counts.deliveries({ ...PAGE, status: 'sent' })).toBe(MANY);
  expect(await counts.deliveries({ ...PAGE, notifier: 'pager' })).toBe(3);
  expect(await counts.deliveries({ ...PAGE, status: 'logged', notifier: 'ops' })).toBe(0);
  // An index has these by themselves.
  for (const few of [{ status: 'dead' }, { status: 'pending' }, { incident_id: 'x' }] as const)
    expect(await counts.deliveries({ ...PAGE, ...few })).toBeNull();
});

test('many jobs are counted by status every ten seconds, and those in trouble at each call', async () => {
  const { asked, counts, clock, numbers } = counted(10, MANY);
  expect(await counts.jobs({ ...PAGE, status: 'success' })).toBeNull();
  counts.noteJobs(MANY);
  expect(await counts.jobs({ ...PAGE, status: 'success' })).toBe(MANY);
  numbers.succeeding = MANY + 1;
  expect(await counts.jobs({ ...PAGE, status: 'success' })).toBe(MANY);
  expect(await counts.jobs({ ...PAGE, status: 'running' })).toBe(4);
  expect(asked).toEqual(['jobs']);
  await clock.advance(10_000);
  expect(await counts.jobs({ ...PAGE, status: 'success' })).toBe(MANY + 1);
  for (const other of [{ status: 'failure' }, { status: 'success', tag: 'x' }, {}] as const)
    expect(await counts.jobs({ ...PAGE, ...other })).toBeNull();
});
