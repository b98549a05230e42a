import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { why } from '../../src/cli/why.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { LowdbStore, type LowdbStoreOptions } from '../../src/store/lowdb/store.ts';
import { PostgresStore } from '../../src/store/postgres/store.ts';
import type { Store } from '../../src/store/store.ts';
import { startServer } from '../http/support.ts';
import { createFakeClock, DEFAULT_START_AT, type FakeClock } from '../support/fake-clock.ts';
import { WAIT_LIMIT_MS } from '../support/limits.ts';
import { freshDatabase, missingPostgres } from '../support/postgres.ts';
import { pingOf } from '../support/records.ts';
import { type Result, runIn } from './support/io.ts';

let directory = '';
let store: Store;
let clock: FakeClock;

async function opened(limits: Required<LowdbStoreOptions>['limits']): Promise<Store> {
  const made = new LowdbStore({ directory, clock, log: silentLogger, limits });
  await made.open();
  return made;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-why-'));
  clock = createFakeClock(DEFAULT_START_AT);
  // A snapshot every few commits, so that an explanation begins with one.
  store = await opened({ snapshotJournalBytes: 2_000 });
  const ingest = new JobIngest({ store, clock, onRefusal: () => undefined });
  await ingest.register('sync', { every: '1h', grace: '10m' });
  await ingest.register('other', {});
  for (let count = 0; count < 40; count += 1) {
    await clock.advance(60 * MINUTE_MS);
    for (const name of ['sync', 'other'])
      await ingest.ping(name, pingOf('success', clock.now(), { host: 'web1', output: 'done '.repeat(40) }));
  }
  await ingest.ping('sync', pingOf('failure', clock.now() + 1, { exit_code: 3, host: 'web1\u001B[2J' }));
  // No snapshot and no prune goes on while two explanations are compared.
  await store.close();
  store = await opened({});
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const offline = (...argv: string[]): Promise<Result> =>
  runIn('/', clock.now() + MINUTE_MS, (io) => why([...argv, '--data-dir', directory], io));

test('explains from a data directory, beside the Cronflow that writes it', async () => {
  const { code, stdout, stderr } = await offline('sync');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Failed: the run that ended at .* failed with exit code 3\./m);
  expect(stdout).toContain('A failure ping with exit code 3 came from web1.');
  expect(stdout).toContain('docs/reasons.md#exit_code');
  // The log has an escape sequence of a host, and the terminal gets none.
  expect(stdout).not.toContain('\u001B');
});

test('the same is answered by a server over the same store', async () => {
  const { url } = await startServer({ store, clock });
  await clock.advance(MINUTE_MS);
  const there = await runIn('/', clock.now(), (io) => why(['sync', '--json', '--url', url], io));
  const here = await runIn('/', clock.now(), (io) => why(['sync', '--json', '--data-dir', directory], io));
  expect(there.code).toBe(0);
  expect(JSON.parse(there.stdout)).toEqual(JSON.parse(here.stdout));
  const text = await runIn('/', clock.now(), (io) => why(['sync', '--url', url], io));
  expect(text.stdout).toContain(`${url}/docs/reasons#exit_code`);
});

test.each([
  [['nope'], 1, 'No job is named "nope". There are sync'],
  [['snyc'], 1, 'Did you mean "sync"?'],
  [['sync', '--at', 'lunchtime'], 1, 'a time of day such as 02:05'],
  [['sync', '--at', '2030-01-01T00:00Z'], 1, 'is after now'],
  [[], 2, 'it needs a JOB'],
  [['sync', 'other'], 2, 'one JOB'],
  [['sync', '--url', 'http://127.0.0.1:1'], 2, 'choose one of them'],
])('says what is wrong with %j', async (argv, code, words) => {
  const result = await offline(...argv);
  expect(result.code).toBe(code);
  expect(result.stderr).toContain(words);
});

const missing = missingPostgres();
const where = missing === null ? '' : `: ${missing}`;

test.skipIf(missing !== null)(
  `explains from a database, beside the Cronflow that uses it${where}`,
  async () => {
    const database = await freshDatabase();
    const shared = new PostgresStore({
      url: database.url,
      clock,
      log: silentLogger,
      answerMsMax: WAIT_LIMIT_MS,
    });
    await shared.open();
    const ingest = new JobIngest({ store: shared, clock, onRefusal: () => undefined });
    await ingest.register('sync', { every: '1h', grace: '10m' });
    await ingest.ping('sync', pingOf('failure', clock.now(), { exit_code: 3, host: 'web1' }));
    const argv = ['sync', '--json', '--data-dir', directory];
    const here = await runIn('/', clock.now(), (io) => why(argv, io), {
      env: { CRONFLOW_STORE: database.url },
    });
    expect(here.stderr).toBe('');
    const { url } = await startServer({ store: shared, clock });
    const there = await runIn('/', clock.now(), (io) => why(['sync', '--json', '--url', url], io));
    expect(JSON.parse(here.stdout)).toEqual(JSON.parse(there.stdout));
    ingest.stop();
    await shared.close();
    await database.drop();
  },
);
