import { chmod, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { MIGRATIONS, schemaVersion } from '../../../src/store/local/migrations.ts';
import { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { upgradeStore } from '../../../src/store/lowdb/upgrade.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { endsOf, type Histories, historiesOf, play, rowsOf, type Step } from './play.ts';

/**
 * A data directory that Cronflow wrote under schema version 3, with what it answered then. `steps.json` says what had
 * happened before the snapshot, what the journal after it tells, and what happened after the directory was copied.
 */
const OLD = fileURLToPath(new URL('../../testdata/store-3', import.meta.url));

interface Answers {
  histories: Histories;
  ends: Histories;
}

let around = '';
let steps: Record<'snapshot' | 'journal' | 'after', Step[]>;
let answers: Record<'opened' | 'after', Answers>;
const opened: LowdbStore[] = [];

beforeEach(async () => {
  around = await mkdtemp(join(tmpdir(), 'cronflow-old-data-'));
  steps = JSON.parse(await readFile(join(OLD, 'steps.json'), 'utf8')) as typeof steps;
  answers = JSON.parse(await readFile(join(OLD, 'answers.json'), 'utf8')) as typeof answers;
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(around, { recursive: true, force: true });
});

async function storeIn(name: string): Promise<{ store: LowdbStore; clock: FakeClock }> {
  const clock = createFakeClock(Date.parse('2026-01-15T13:00:00Z'));
  const store = new LowdbStore({ directory: join(around, name), clock, log: silentLogger });
  await store.open();
  opened.push(store);
  return { store, clock };
}

/** Copies the old directory. A repository does not keep that others may not read it. */
async function copied(): Promise<string> {
  const directory = join(around, 'old');
  await cp(join(OLD, 'written'), directory, { recursive: true });
  await chmod(directory, 0o700);
  return directory;
}

async function answersOf(store: LowdbStore): Promise<Answers> {
  return { histories: await historiesOf(store), ends: await endsOf(store) };
}

describe('data of schema version 3', () => {
  test('is answered as it was, byte for byte, and so is what happens next', async () => {
    await copied();
    const { store, clock } = await storeIn('old');
    expect(await answersOf(store)).toEqual(answers.opened);
    const { id } = (await store.jobByName('locked'))!;
    expect(await store.output(id, `${id}-9`)).toEqual({ text: 'said later', dropped_bytes: 0 });
    await play(store, clock, steps.after);
    expect(await answersOf(store)).toEqual(answers.after);
    await store.close();
    const again = await storeIn('old');
    expect(await answersOf(again.store)).toEqual(answers.after);
  });

  test('becomes the records that this Cronflow would have written', async () => {
    await copied();
    const { store } = await storeIn('old');
    const fresh = await storeIn('fresh');
    await play(fresh.store, fresh.clock, [...steps.snapshot, ...steps.journal]);
    expect(await rowsOf(store)).toEqual(await rowsOf(fresh.store));
    expect(new Set((await rowsOf(store)).map(({ kind }) => kind))).toEqual(new Set(['run', 'slots', 'skip']));
  });

  test('keeps each output in its file until its run goes', async () => {
    const directory = await copied();
    const { store } = await storeIn('old');
    const { id } = (await store.jobByName('locked'))!;
    await store.transact({ all: true }, (tx) => tx.putMeta('any', 1));
    await store.close();
    const again = await storeIn('old');
    expect(await again.store.output(id, `${id}-9`)).toEqual({ text: 'said later', dropped_bytes: 0 });
    await again.store.transact({ all: true }, (tx) => tx.jobs().forEach((job) => tx.deleteJob(job.id)));
    await again.store.close();
    await storeIn('old');
    expect(await readdir(directory)).not.toContain('outputs');
  });

  test('is migrated as a whole while Cronflow is stopped', async () => {
    const directory = await copied();
    const upgraded = await upgradeStore({ directory, nowAt: Date.parse('2026-01-15T13:00:00Z') });
    expect(upgraded).toMatchObject({ from: 3, to: schemaVersion(MIGRATIONS) });
    const { store } = await storeIn('old');
    expect(await answersOf(store)).toEqual(answers.opened);
  });
});
