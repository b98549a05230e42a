import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { Instance } from './chaos/instance.ts';

/** A lease that is longer than any test: whoever waited for its end would tell nobody. */
const LEASE_MS = 60 * MINUTE_MS;

describe.skipIf(missingPostgres() !== null)('what an instance was sending when it was killed', () => {
  let directory: string;
  let database: TestDatabase;
  let webhook: WebhookServer;
  let running: Instance[];
  beforeEach(async () => {
    running = [];
    directory = await mkdtemp(join(tmpdir(), 'cronflow-death-'));
    [database, webhook] = await Promise.all([freshDatabase(), startWebhookServer()]);
    await writeFile(
      join(directory, 'cronflow.yaml'),
      `notifiers: {ops: {type: webhook, url: "${webhook.origin}/hook"}}\njobs:\n  backup: {every: 1h}\n`,
    );
  });
  afterEach(async () => {
    for (const each of running) await each.kill();
    await webhook.close();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  const instance = async (name: string): Promise<Instance> => {
    const made = new Instance({
      name,
      configPath: join(directory, 'cronflow.yaml'),
      dataDir: join(directory, name),
      storeUrl: database.url,
      env: { CRONFLOW_TEST_LEASE_MS: String(LEASE_MS) },
    });
    running.push(made);
    await made.start();
    return made;
  };
  /** Waits until as many instances have signed, and said by which connection they are known. */
  const signed = async (count: number): Promise<void> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await until('signs of life', async () => {
      const { rows } = await client.query<{ value: Record<string, { presence?: string }> }>(
        "select value from cronflow.meta where key = 'instances'",
      );
      const signs = Object.values(rows[0]?.value ?? {});
      return signs.filter(({ presence }) => presence !== undefined).length === count;
    });
    await client.end();
  };
  /** Has an instance begin to send an alarm to somebody who does not answer. */
  const alarm = async (by: Instance): Promise<void> => {
    webhook.failNext({ kind: 'hang' });
    expect((await fetch(`${by.url}/jobs/backup/failure`, { method: 'POST' })).status).toBe(200);
    await until('the alarm to be on its way', () => webhook.answers.length === 1);
  };

  test('is sent by its next start, where it was the only one', async () => {
    const only = await instance('only');
    await signed(1);
    await alarm(only);
    await only.kill();
    await only.start();
    await until(
      'the alarm',
      () => webhook.accepted.length > 0,
      () => only.log(),
    );
    expect(webhook.accepted[0]!.body).toContain('backup');
  });

  test('is sent by another one', async () => {
    const first = await instance('first');
    await signed(1);
    await alarm(first);
    const second = await instance('second');
    await signed(2);
    await first.kill();
    await until(
      'the alarm',
      () => webhook.accepted.length > 0,
      () => second.log(),
    );
    expect(webhook.accepted[0]!.body).toContain('backup');
  });
});
