import { expect, test } from 'vitest';
import { expectByZoneRules } from '../../src/checker/zone-rules.ts';
import { createLogger } from '../../src/observe/log.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';

const START = Date.UTC(2025, 6, 1);

test('a start with other rules of time zones than those stored finds every expectation again, once', async () => {
  const { configure, store, clock } = await startMemoryService(START);
  let log = '';
  const logger = createLogger(clock, 'info', (line) => void (log += line));
  await configure({
    // Tongatapu is thirteen hours ahead of UTC.
    backup: { schedule: '0 22 * * *', timezone: 'Pacific/Tongatapu' },
    report: { schedule: '0 4 * * *' },
  });
  const expectedAt = async (name: string): Promise<unknown> =>
    (await store.jobByName(name))!.state.expected_at;
  await expectByZoneRules({ store, clock, logger }, '2024a');
  expect(await expectedAt('backup')).toBe(START + 9 * HOUR_MS);
  // As the rules of 2024 would have had it: an hour later.
  await store.transact({ names: ['backup'] }, (tx) => {
    const job = tx.jobByName('backup')!;
    tx.putJob({ ...job, state: { ...job.state, expected_at: START + 10 * HOUR_MS } });
  });
  await expectByZoneRules({ store, clock, logger }, '2024a');
  expect(await expectedAt('backup')).toBe(START + 10 * HOUR_MS);
  expect(log).toBe('');

  await expectByZoneRules({ store, clock, logger }, '2025b');
  expect(await expectedAt('backup')).toBe(START + 9 * HOUR_MS);
  expect((await store.jobByName('backup'))!.state.due_at).toBe(START + 9 * HOUR_MS + 5 * 60_000);
  expect(await expectedAt('report')).toBe(START + 4 * HOUR_MS);
  expect(log).toContain('found again job=backup version=2025b');
  expect(log).not.toContain('report');
});
