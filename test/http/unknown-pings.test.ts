import { expect, test } from 'vitest';
import type { UnknownPing } from '../../src/ingest/unknown-pings.ts';
import { startServer } from './support.ts';

const ping = (name: string): UnknownPing => ({
  name,
  kind: 'start',
  count: 2,
  first_at: 1_000,
  last_at: 61_000,
});

const unknownPings = (): UnknownPing[] => ['backpu', 'zzz', 'backup', '<b>'].map(ping);

test('GET /pings/unknown lists the names that ping and that no job has, with the one probably meant', async () => {
  const { request, ingest } = await startServer({ unknownPings });
  await ingest.register('backup', {});
  const { status, headers, json } = await request('/pings/unknown?limit=2');
  expect(status).toBe(200);
  expect(headers.get('x-total-count')).toBe('3');
  const shared = {
    kind: 'start',
    count: 2,
    first_at: '1970-01-01T00:00:01.000Z',
    last_at: '1970-01-01T00:01:01.000Z',
  };
  expect(json).toEqual([
    { name: 'backpu', ...shared, nearest: 'backup' },
    { name: 'zzz', ...shared, nearest: null },
  ]);
  expect((await request('/pings/unknown?skip=2')).json).toMatchObject([{ name: '<b>' }]);
  expect((await request('/pings/unknown?limit=x')).status).toBe(422);
});
