import { expect, test } from 'vitest';
import { shared } from '../../../src/http/answer/result-cache.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { startServer } from '../support.ts';

const nothing = (): void => {};

test('whoever asks while an answer is made, or for four times as long after, gets that answer', async () => {
  const clock = createFakeClock();
  let count = 0;
  const ask = shared(clock, async () => {
    count += 1;
    await clock.advance(100);
    return count;
  });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  await clock.advance(399);
  expect(await ask()).toBe(1);
  await clock.advance(1);
  expect(await ask()).toBe(2);
});

test('an answer that takes no time is made anew, and one that fails is made again', async () => {
  let count = 0;
  const ask = shared(createFakeClock(), async () => {
    count += 1;
    if (count === 1) throw new Error('not yet');
    return count;
  });
  await expect(Promise.all([ask(), ask()])).rejects.toThrow('not yet');
  expect([await ask(), await ask()]).toEqual([2, 3]);
});

test('many scrapes at once read the store once', async () => {
  const { store, request } = await startServer();
  const deliveryCounts = store.deliveryCounts.bind(store);
  let reads = 0;
  store.deliveryCounts = () => {
    reads += 1;
    return deliveryCounts();
  };
  await request('/metrics');
  const once = reads;
  // Answered when all have asked.
  let release = nothing;
  const all = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  store.deliveryCounts = async () => {
    reads += 1;
    await all;
    return deliveryCounts();
  };
  const onRequest = (message: unknown): void => {
    const { request: asks } = message as { request: { url?: string } };
    if (asks.url === '/metrics' && (asked += 1) === 20) setImmediate(release);
  };
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  subscribe('http.server.request.start', onRequest);
  const answers = await Promise.all(Array.from({ length: 20 }, () => request('/metrics')));
  unsubscribe('http.server.request.start', onRequest);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(reads).toBe(2 * once);
});
