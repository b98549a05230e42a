import { beforeEach, expect, test } from 'vitest';
import { CronflowError } from '../../src/core/model/errors.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { Backlog } from '../../src/store/backlog.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { SECOND_MS } from '../../src/schedule/units.ts';

let clock: FakeClock;
let backlog: Backlog;
let isFull: boolean;
let done: string[];

beforeEach(() => {
  clock = createFakeClock();
  backlog = new Backlog({ clock, logger: silentLogger });
  [isFull, done] = [false, []];
});

const work = (name: string) => async (): Promise<void> => {
  if (isFull) throw new CronflowError('store_unavailable', 'the disk is full');
  done.push(name);
};

test('a backlog does at once what is not refused', async () => {
  await backlog.do('a', work('a'));
  expect(done).toEqual(['a']);
  expect(clock.timerCount).toBe(0);
});

test('a backlog repeats what was refused until it is taken, in order, and each once', async () => {
  isFull = true;
  await backlog.do('a', work('a'));
  await backlog.do('b', work('b'));
  await clock.advance(5 * SECOND_MS);
  expect([backlog.has('a'), backlog.has('b'), done]).toEqual([true, true, []]);
  isFull = false;
  // What comes now must not overtake what waits.
  await backlog.do('c', work('c'));
  await clock.advance(5 * SECOND_MS);
  expect(done).toEqual(['a', 'b', 'c']);
  expect([backlog.has('a'), clock.timerCount]).toEqual([false, 0]);
});

test('a backlog drops what is out of date', async () => {
  isFull = true;
  await backlog.do('news', work('broken'));
  await backlog.do('news', work('mended'));
  isFull = false;
  await clock.advance(SECOND_MS);
  expect(done).toEqual(['mended']);
});

test('a backlog passes on an error that is no refusal, and lets it hold up nothing that waits', async () => {
  const bug = async (): Promise<void> => {
    if (isFull) throw new CronflowError('store_unavailable', 'the disk is full');
    throw new TypeError('a bug');
  };
  await expect(backlog.do('a', bug)).rejects.toThrow('a bug');
  isFull = true;
  await backlog.do('a', bug);
  await backlog.do('b', work('b'));
  isFull = false;
  await clock.advance(SECOND_MS);
  expect(done).toEqual(['b']);
});

test('a backlog does nothing after its end', async () => {
  isFull = true;
  await backlog.do('a', work('a'));
  await backlog.stop();
  isFull = false;
  await clock.advance(5 * SECOND_MS);
  expect(done).toEqual([]);
  expect(clock.timerCount).toBe(0);
});
