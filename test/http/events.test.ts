import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/observe/log.ts';
import { settle } from '../support/fake-clock.ts';
import { delivery, incident } from '../support/records.ts';
import { startServer, until } from './support.ts';

interface SeenEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

/** A client that listens, and what it has heard. */
async function listen(url: string, query = '', headers: Record<string, string> = {}) {
  const request = get(`${url}/events${query}`, { headers });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  let isOver = false;
  answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  answer.on('error', () => {}).on('close', () => (isOver = true));
  request.on('error', () => {});
  const events = (): SeenEvent[] =>
    text
      .split('\n\n')
      .filter((block) => block.startsWith('id: '))
      .map((block) => {
        const fields = Object.fromEntries(
          block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]),
        );
        return {
          id: fields['id']!,
          event: fields['event']!,
          data: JSON.parse(fields['data']!) as SeenEvent['data'],
        };
      });
  return {
    answer,
    request,
    text: () => text,
    events,
    kinds: () => events().map(({ event, data }) => [event, data['job'] ?? data['of'] ?? data['notifier']]),
    isOver: () => isOver,
  };
}

const COLLECT_MS = 250;

describe('/events', () => {
  test('tells of what changes, once for all changes of a moment', async () => {
    const { url, post, clock, store } = await startServer();
    const reader = await listen(url);
    expect(reader.answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(reader.answer.headers['x-accel-buffering']).toBe('no');
    await until(() => reader.events().length === 1);
    expect(reader.events()).toMatchObject([{ event: 'fresh' }]);
    await post('/jobs', { name: 'backup' });
    await post('/jobs/backup/start?rid=a');
    await post('/jobs/backup/failure?rid=a&exit_code=3');
    const job = (await store.jobByName('backup'))!;
    await store.transact({ ids: [job.id] }, (tx) =>
      tx.putDelivery(delivery('d', job.id, { notifier: 'ops' })),
    );
    await settle();
    expect(reader.events()).toHaveLength(1);
    await clock.advance(COLLECT_MS);
    await until(() => reader.events().length === 5);
    expect(reader.events().slice(1)).toMatchObject([
      { event: 'job', data: { id: job.id, job: 'backup', status: 'failure' } },
      { event: 'run', data: { id: `${job.id}-1`, job: 'backup' } },
      { event: 'incident', data: { job: 'backup', is_open: true } },
      { event: 'delivery', data: { id: 'd', notifier: 'ops', status: 'pending' } },
    ]);
    reader.request.destroy();
  });

  test('tells only of the jobs that are asked for', async () => {
    const { url, post, clock } = await startServer();
    for (const [name, group, tags] of [
      ['a', 'night', ['x']],
      ['b', 'day', ['x', 'y']],
    ] as const)
      await post('/jobs', { name, group, tags });
    const readers = await Promise.all(
      ['?job=a', '?group=day', '?tag=y', '?tag=x', '?tag=x&group=night'].map((query) => listen(url, query)),
    );
    for (const name of ['a', 'b']) await post(`/jobs/${name}/success`);
    await clock.advance(COLLECT_MS);
    const heard = readers.map((reader) => () => [
      ...new Set(reader.events().flatMap(({ data }) => (data['job'] === undefined ? [] : [data['job']]))),
    ]);
    await until(() => heard.every((of) => of().length > 0));
    await settle();
    expect(heard.map((of) => of())).toEqual([['a'], ['b'], ['b'], ['a', 'b'], ['a']]);
    for (const reader of readers) reader.request.destroy();
  });

  test('goes on after the last event that a client heard', async () => {
    const { url, post, clock } = await startServer();
    const first = await listen(url);
    await post('/jobs', { name: 'backup' });
    await clock.advance(COLLECT_MS);
    await until(() => first.events().length === 2);
    const lastId = first.events().at(-1)!.id;
    first.request.destroy();
    await post('/jobs/backup/success');
    await clock.advance(COLLECT_MS);
    await settle();
    const again = await listen(url, '', { 'Last-Event-ID': lastId });
    await until(() => again.events().length > 0);
    expect(again.kinds()).toEqual([
      ['job', 'backup'],
      ['run', 'backup'],
    ]);
    // An event of another process, or none at all, is not known.
    for (const id of ['abc-1', `${lastId}9`, 'nonsense']) {
      const fresh = await listen(url, '', { 'Last-Event-ID': id });
      await until(() => fresh.events().length > 0);
      expect(fresh.events()).toMatchObject([{ event: 'fresh' }]);
      fresh.request.destroy();
    }
    again.request.destroy();
  });

  test('lets a client begin anew where more has happened than is kept', async () => {
    const { url, post, clock, store } = await startServer();
    const first = await listen(url);
    await post('/jobs', { name: 'backup' });
    await clock.advance(COLLECT_MS);
    await until(() => first.events().length === 2);
    const lastId = first.events().at(-1)!.id;
    const job = (await store.jobByName('backup'))!;
    await store.transact({ ids: [job.id] }, (tx) => {
      for (let number = 1; number <= 2_001; number += 1)
        tx.putRun({
          kind: 'slots',
          id: `${job.id}-${number}`,
          job_id: job.id,
          number,
          reason: 'missed',
          count: 1,
          first_slot_at: number,
          slot_at: number,
          ended_at: number,
          outcome: 'missed',
        });
    });
    await clock.advance(COLLECT_MS);
    await until(() => first.events().length > 2);
    const again = await listen(url, '', { 'Last-Event-ID': lastId });
    await until(() => again.events().length > 0);
    expect(again.events()).toMatchObject([{ event: 'fresh' }]);
    for (const each of [first, again]) each.request.destroy();
  });

  test('beats, so that proxies keep the connection', async () => {
    const { url, clock } = await startServer();
    const reader = await listen(url);
    await clock.advance(15_000);
    await until(() => reader.text().includes(': beat'));
    await clock.advance(15_000);
    await until(() => reader.text().split(': beat').length === 3);
    expect(reader.events()).toHaveLength(1);
    reader.request.destroy();
  });

  test('cuts off a client that does not keep up, and no other', async () => {
    const { url, post, clock, store } = await startServer();
    const slow = await listen(url);
    const quick = await listen(url);
    slow.answer.pause();
    await post('/jobs', { name: 'backup' });
    const job = (await store.jobByName('backup'))!;
    // More than the buffers of the system take, which are some megabytes on each side.
    for (let round = 0; round < 120; round += 1) {
      await store.transact({ ids: [job.id] }, (tx) => {
        for (let number = 1; number <= 1_000; number += 1)
          tx.putIncident(incident(`i-${number}`, job.id, { closed_at: round }));
      });
      await clock.advance(COLLECT_MS);
      await settle();
    }
    // Only who reads sees that the connection has ended.
    slow.answer.resume();
    await until(() => slow.isOver());
    expect(quick.isOver()).toBe(false);
    await post('/jobs/backup/success');
    const count = quick.events().length;
    await clock.advance(COLLECT_MS);
    await until(() => quick.events().length > count);
    quick.request.destroy();
  });

  test('ends with the server, which does not wait for its readers', async () => {
    const lines: string[] = [];
    const warn = (message: string): number => lines.push(message);
    const { url, server } = await startServer({ logger: { ...silentLogger, warn, error: warn } });
    // A client that goes away is nothing to write home about either.
    const gone = await listen(url);
    gone.request.destroy();
    await until(() => gone.isOver());
    const reader = await listen(url);
    await server.close();
    await until(() => reader.isOver());
    expect(lines).toEqual([]);
  });

  test('needs a token that may read, and says what is wrong with its query', async () => {
    const { request } = await startServer({ tokens: { all: [], read: ['reading'], ping: ['pinging'] } });
    const status = async (token: string, path = '/events'): Promise<number> =>
      (await request(path, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect(await status('pinging')).toBe(403);
    expect(await status('reading', `/events?job=${'x'.repeat(300)}`)).toBe(422);
    const head = await request('/events', { method: 'HEAD', headers: { Authorization: 'Bearer reading' } });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
  });
});
