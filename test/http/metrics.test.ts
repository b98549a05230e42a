import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HeartbeatStatus } from '../../src/core/model/heartbeat-config.ts';
import { DEFAULT_GLOBALS, type Globals } from '../../src/core/model/spec.ts';
import { MessageCounts } from '../../src/observe/message-counts.ts';
import { delivery, job } from '../support/records.ts';
import { busyServer } from './busy-server.ts';
import { CONFIG_STATUS, startServer, type TestServer } from './support.ts';

async function gauges(server: Pick<TestServer, 'request'>): Promise<Record<string, number>> {
  const { status, headers, text } = await server.request('/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

const globals = (): Globals => ({ ...DEFAULT_GLOBALS, notifiers: ['ops', 'mail'] });

test('docs/production.md lists every metric, with its sentence and its labels', async () => {
  const { server } = await busyServer();
  const { text } = await server.request('/metrics');
  const shown = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => {
    const [, labels = ''] = new RegExp(`^${name}\\{(.*)\\} `, 'm').exec(text) ?? [];
    return [name, help, ...[...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!)];
  });
  const page = readFileSync(new URL('../../docs/production.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(cronflow_\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(
    ([, name, help, labels = '']) => [
      name,
      help,
      ...[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
    ],
  );
  expect(listed).toEqual(shown);
});

describe('GET /metrics', () => {
  test('says how the jobs are, what is open and what is owed', async () => {
    const server = await startServer({ unknownPings: () => [] });
    await server.ingest.register('a', {});
    await server.ingest.register('b', {});
    await server.ping('a', 'success');
    await server.ping('b', 'failure', { exit_code: 3 });
    expect(await gauges(server)).toMatchObject({
      'cronflow_jobs{status="success"}': 1,
      'cronflow_jobs{status="failure"}': 1,
      'cronflow_jobs{status="pending"}': 0,
      cronflow_jobs_in_trouble: 1,
      'cronflow_incidents_open{kind="job"}': 1,
      'cronflow_incidents_open{kind="store"}': 0,
      cronflow_store_ok: 1,
      [`cronflow_build_info{version="1.2.3",node_version="${process.version}"}`]: 1,
      cronflow_unknown_ping_names: 0,
    });
  });

  test('says of each notifier what is owed to it, for how long, and what became of it', async () => {
    const messages = new MessageCounts();
    const server = await startServer({ messages, globals });
    const shown = async (notifier: string): Promise<Record<string, number>> =>
      Object.fromEntries(
        Object.entries(await gauges(server))
          .filter(([name]) => name.includes(`notifier="${notifier}"`))
          .map(([name, value]) => [
            name.replace(/^cronflow_|notifier="\w+",?/g, '').replace(/^cronflow_/, ''),
            value,
          ]),
      );
    const nothing = {
      'deliveries{status="pending"}': 0,
      'deliveries{status="sent"}': 0,
      'deliveries{status="logged"}': 0,
      'deliveries{status="dead"}': 0,
      'delivery_oldest_pending_seconds{}': 0,
      'messages_total{outcome="sent"}': 0,
      'messages_total{outcome="logged"}': 0,
      'notifier_tells_nobody{}': 0,
      'notifier_refuses_instance{}': 0,
      'messages_total{outcome="retry"}': 0,
      'messages_total{outcome="dead"}': 0,
    };
    expect(await shown('ops')).toEqual(nothing);
    const { store, clock } = server;
    await store.transact({ all: true }, (tx) => {
      tx.putJob(job('j1'));
      tx.putDelivery(delivery('d1', 'j1', { created_at: clock.now() - 90_000 }));
      tx.putDelivery(delivery('d2', 'j1', { created_at: clock.now() - 30_000 }));
      tx.putDelivery(delivery('d3', 'j1', { status: 'dead', created_at: 0 }));
      tx.putDelivery(delivery('d4', 'j1', { notifier: 'former', status: 'dead' }));
      tx.putDelivery(delivery('d5', 'j1', { status: 'logged' }));
    });
    messages.note('ops', 'retry');
    messages.note('ops', 'retry');
    messages.note('ops', 'dead');
    messages.note('ops', 'logged');
    expect(await shown('ops')).toEqual({
      ...nothing,
      'deliveries{status="pending"}': 2,
      'deliveries{status="logged"}': 1,
      'deliveries{status="dead"}': 1,
      'delivery_oldest_pending_seconds{}': 90,
      'messages_total{outcome="logged"}': 1,
      'messages_total{outcome="retry"}': 2,
      'messages_total{outcome="dead"}': 1,
    });
    expect(await shown('mail')).toEqual(nothing);
    expect(await shown('former')).toMatchObject({ 'deliveries{status="dead"}': 1 });
  });

  test('says which notifiers tell nobody', async () => {
    let silent = ['ops'];
    const server = await startServer({ globals, tellingNobody: () => silent });
    const [ops, mail] = ['ops', 'mail'].map((name) => `cronflow_notifier_tells_nobody{notifier="${name}"}`);
    expect(await gauges(server)).toMatchObject({ [ops!]: 1, [mail!]: 0 });
    silent = [];
    expect(await gauges(server)).toMatchObject({ [ops!]: 0, [mail!]: 0 });
  });

  test('says which notifiers refuse this instance', async () => {
    const server = await startServer({ globals, refusing: () => ['mail'] });
    expect(await gauges(server)).toMatchObject({
      'cronflow_notifier_refuses_instance{notifier="ops"}': 0,
      'cronflow_notifier_refuses_instance{notifier="mail"}': 1,
    });
  });

  test('counts heartbeats where some are sent', async () => {
    let heartbeat: HeartbeatStatus | null = null;
    const server = await startServer({ heartbeat: () => heartbeat });
    const shown = async (): Promise<Record<string, number>> =>
      Object.fromEntries(Object.entries(await gauges(server)).filter(([name]) => name.includes('heartbeat')));
    expect(await shown()).toEqual({});
    heartbeat = { taken: 7, failed: 2, trouble: null };
    const counted = {
      'cronflow_heartbeats_total{outcome="taken"}': 7,
      'cronflow_heartbeats_total{outcome="failed"}': 2,
    };
    expect(await shown()).toEqual({ cronflow_heartbeat_ok: 1, ...counted });
    heartbeat = { ...heartbeat, trouble: 'heartbeats do not arrive' };
    expect(await shown()).toEqual({ cronflow_heartbeat_ok: 0, ...counted });
  });

  test('says whether the configuration on disk is the one that runs, and forgets old revisions', async () => {
    let config: typeof CONFIG_STATUS = { ...CONFIG_STATUS, revision: 'first' };
    const server = await startServer({ configStatus: () => config });
    expect(await gauges(server)).toMatchObject({
      cronflow_config_ok: 1,
      cronflow_config_held: 0,
      'cronflow_config_info{revision="first"}': 1,
      cronflow_config_applied_timestamp_seconds: (CONFIG_STATUS.applied_at ?? 0) / 1000,
    });
    const error = { at: 0, code: 'config_held', detail: 'x', faults: [] };
    config = { ...config, revision: 'second', last_error: error, held: { revision: 'third', detail: 'x' } };
    const after = await gauges(server);
    expect(after).toMatchObject({
      cronflow_config_ok: 0,
      cronflow_config_held: 1,
      'cronflow_config_info{revision="second"}': 1,
    });
    expect(after).not.toHaveProperty('cronflow_config_info{revision="first"}');
  });

  test('counts pings by kind and by what became of them', async () => {
    const { server } = await busyServer();
    expect(await gauges(server)).toMatchObject({
      'cronflow_pings_total{kind="success",result="recorded"}': 1,
      'cronflow_pings_total{kind="success",result="duplicate"}': 1,
      'cronflow_pings_total{kind="failure",result="recorded"}': 1,
      'cronflow_pings_total{kind="failure",result="unknown_job"}': 1,
      'cronflow_pings_total{kind="start",result="recorded"}': 1,
      'cronflow_pings_total{kind="start",result="forbidden"}': 0,
      'cronflow_pings_total{kind="skip",result="unavailable"}': 0,
    });
  });

  test('says of runs how they ended and why, how long they took, and of the disk how long it took', async () => {
    const { server } = await busyServer();
    expect(await gauges(server)).toMatchObject({
      'cronflow_runs_total{outcome="success",reason="succeeded"}': 1,
      'cronflow_runs_total{outcome="failure",reason="exit_code"}': 1,
      'cronflow_incidents_opened_total{kind="job",reason="exit_code"}': 1,
      'cronflow_run_duration_seconds_bucket{le="1"}': 0,
      'cronflow_run_duration_seconds_bucket{le="60"}': 1,
      'cronflow_run_duration_seconds_bucket{le="+Inf"}': 1,
      cronflow_run_duration_seconds_sum: 42,
      cronflow_run_duration_seconds_count: 1,
      'cronflow_store_sync_duration_seconds_bucket{le="0.001"}': 0,
      'cronflow_store_sync_duration_seconds_bucket{le="0.0025"}': 1,
      'cronflow_store_sync_duration_seconds_bucket{le="+Inf"}': 2,
      cronflow_last_success_timestamp_seconds: server.clock.now() / 1000,
    });
  });

  test('names jobs only where the configuration allows it', async () => {
    const { server } = await busyServer();
    expect(await gauges(server)).toMatchObject({
      'cronflow_job_status{job="a",status="success"}': 1,
      'cronflow_job_last_success_timestamp_seconds{job="a"}': server.clock.now() / 1000,
      'cronflow_job_in_trouble{job="a"}': 0,
      'cronflow_job_in_trouble{job="b"}': 1,
      'cronflow_job_run_duration_seconds_bucket{job="a",le="60"}': 1,
    });
    const { server: other } = await busyServer({ perJobMetrics: () => false });
    expect(Object.keys(await gauges(other)).filter((name) => name.startsWith('cronflow_job_'))).toEqual([]);
  });

  test('says how late the checker is, and how the last reload went', async () => {
    const { server, counts } = await busyServer();
    counts.noteReload('refused', 1_500, 2_000);
    await server.store.transact({ all: true }, (tx) => {
      tx.putJob(job('late', {}, { due_at: server.clock.now() - 90_000 }));
    });
    expect(await gauges(server)).toMatchObject({
      cronflow_checker_lag_seconds: 90,
      cronflow_checker_last_pass_age_seconds: 5,
      'cronflow_config_reloads_total{result="applied"}': 1,
      'cronflow_config_reloads_total{result="refused"}': 1,
      'cronflow_config_reloads_total{result="unchanged"}': 0,
      cronflow_config_last_reload_duration_seconds: 1.5,
      cronflow_config_last_reload_timestamp_seconds: 2,
    });
  });
});

/** Returns the names of the metrics that have a value. */
async function seriesOf(metersStore: () => boolean): Promise<string[]> {
  const { request, ingest } = await startServer({ globals, metersStore, perJobMetrics: () => true });
  await ingest.register('a', {});
  const { text } = await request('/metrics');
  const names = [...text.matchAll(/^(cronflow_\w+?)(?:\{|_bucket|_sum|_count| )/gm)].map(([, name]) => name!);
  return [...new Set(names)];
}

test('of instances that share a store one has the numbers of it, and each has its own', async () => {
  const [first, other] = [await seriesOf(() => true), await seriesOf(() => false)];
  expect(other).toEqual(expect.arrayContaining(['cronflow_store_ok', 'cronflow_checker_lag_seconds']));
  expect(first.filter((name) => !other.includes(name)).sort()).toEqual([
    'cronflow_deliveries',
    'cronflow_delivery_oldest_pending_seconds',
    'cronflow_incidents_open',
    'cronflow_job_in_trouble',
    'cronflow_job_status',
    'cronflow_jobs',
    'cronflow_jobs_in_trouble',
  ]);
});
