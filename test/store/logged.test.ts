import { expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { createLogger } from '../../src/observe/log.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { loggedStore } from '../../src/store/logged.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { configurationOf } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';

test('every outcome and every step of an incident is one line that names the job, once it is stored', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 15, 12));
  const lines: string[] = [];
  const logger = createLogger(clock, 'info', (line) => lines.push(line.trimEnd()));
  const inner = new MemoryStore();
  const store = loggedStore(inner, logger);
  await store.open();
  await applyConfiguration(
    store,
    configurationOf('1', { backup: {}, other: {} }, { defaults: {}, groups: {} }, ['ops']),
    clock.now(),
  );
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  const ping = (kind: 'start' | 'failure' | 'success', fields = {}): Promise<unknown> =>
    ingest.ping('backup', { ...pingOf(kind, clock.now()), ...fields });
  await ping('start', { rid: 'r1' });
  expect(lines).toEqual([]);
  await ping('failure', { rid: 'r1', exit_code: 3, host: 'web1' });
  // The same again changes nothing, and says nothing.
  await ping('failure', { rid: 'r1', exit_code: 3, host: 'web1' });
  const incident = (await inner.incidents({ skip: 0, limit: 1 })).items[0];
  await ingest.acknowledge(incident!.id, clock.now() + 3_600_000);
  await clock.advance(60_000);
  await ping('success', { rid: 'r2', host: 'web1' });
  expect(lines.map((line) => line.slice(25).replaceAll(/ (?:run|incident)=\S+/g, ''))).toEqual([
    'warn  run ended job=backup outcome=failure reason=exit_code exit_code=3 duration_ms=0 host=web1',
    'warn  incident opened job=backup reason=exit_code',
    'info  incident acknowledged job=backup until=2026-01-15T13:00:00.000Z',
    'info  run ended job=backup outcome=success reason=succeeded host=web1',
    'info  incident closed job=backup because=recovered lasted_ms=60000',
  ]);
});

test('the log says nothing of what was not stored', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 15, 12));
  const lines: string[] = [];
  const inner = new MemoryStore();
  const store = loggedStore(
    inner,
    createLogger(clock, 'info', (line) => lines.push(line)),
  );
  await store.open();
  await applyConfiguration(
    store,
    configurationOf('1', { backup: {} }, { defaults: {}, groups: {} }, ['ops']),
    clock.now(),
  );
  const { id } = (await store.jobByName('backup'))!;
  const run = await (async () => {
    const ingest = new JobIngest({ store: inner, clock, onRefusal: () => {} });
    await ingest.ping('backup', pingOf('failure', clock.now()));
    return inner.transact({ ids: [id] }, (tx) => tx.runsOf(id).all()[0]!);
  })();
  if (run.kind !== 'run') throw new Error('a ping made no run');
  const changed = { ...run, outcome: 'success' } as const;
  await expect(
    store.transact({ ids: [id] }, (tx) => {
      tx.putRun(changed);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await store.transact({ ids: [id] }, (tx) => {
    try {
      tx.attempt(() => {
        tx.putRun(changed);
        throw new Error('no');
      });
    } catch {
      // As the checker does with one job among many.
    }
  });
  expect(lines).toEqual([]);
  await store.transact({ ids: [id] }, (tx) => tx.putRun(changed));
  expect(lines).toHaveLength(1);
});
