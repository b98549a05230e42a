import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
import { startServer } from './support.ts';

/** A daily job that was not heard of at 12:30, asked about at 14:00. */
async function missed() {
  const server = await startServer();
  server.checker.start();
  await server.configure({ backup: { schedule: '30 12 * * *', timezone: 'Europe/Berlin' } });
  await server.clock.advance(26 * HOUR_MS);
  return server;
}

interface Told {
  text: string;
  reason: string | null;
  link: string | null;
}

test('a job is explained in sentences, and in keys for programs', async () => {
  const { request } = await missed();
  const { status, json } = await request('/jobs/backup/why');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    job: 'backup',
    timezone: 'Europe/Berlin',
    status: 'missed',
    expected: {
      rule: 'schedule',
      slot_at: '2026-01-17T11:30:00.000Z',
      deadline_at: '2026-01-17T11:35:00.000Z',
    },
    next: { at: '2026-01-17T11:35:00.000Z', what: 'missed' },
  });
  const [verdict] = json['verdict'] as Told[];
  expect(verdict).toMatchObject({
    text: expect.stringContaining('it was expected at 12:30, and by 12:35 no run had been heard of'),
    reason: 'never_seen',
    link: '/docs/reasons#never_seen',
  });
});

test('an instant is a time of day in the zone of the job, a time ago, or with its zone', async () => {
  const { request, clock } = await missed();
  const at = async (text: string): Promise<unknown> =>
    (await request(`/jobs/backup/why?at=${text}`)).json['at'];
  expect(await at('12:31')).toBe('2026-01-16T11:31:00.000Z');
  // The last one that has been was yesterday.
  expect(await at('23:00')).toBe('2026-01-15T22:00:00.000Z');
  expect(await at('2h')).toBe(new Date(clock.now() - 2 * HOUR_MS).toISOString());
  expect(await at('2026-01-16%2012:00')).toBe('2026-01-16T11:00:00.000Z');
  expect(await at('2026-01-16T12:00+01:00')).toBe('2026-01-16T11:00:00.000Z');
});

test('what is no instant of the past is refused, with what is allowed', async () => {
  const { request } = await missed();
  const wrong = await request('/jobs/backup/why?at=lunchtime');
  expect(wrong.json).toMatchObject({
    code: 'invalid',
    errors: [{ path: 'at', message: expect.stringContaining('a time of day such as 02:05') }],
  });
  const later = await request('/jobs/backup/why?at=2030-01-01T00:00Z');
  expect(later.json['errors']).toMatchObject([{ message: expect.stringContaining('is after now') }]);
  expect((await request('/jobs/nope/why')).json['code']).toBe('unknown_job');
});

test('of a time before the log nothing is known, and the answer says where the log begins', async () => {
  const { request } = await missed();
  const { json } = await request('/jobs/backup/why?at=60d');
  expect(json).toMatchObject({ status: null, expected: null, next: null });
  expect((json['verdict'] as Told[])[0]!.text).toMatch(/^Nothing is known of that: the log begins at /);
});

test('each link leads to an anchor of the page at /docs/reasons', async () => {
  const { request, ping, clock } = await missed();
  await ping('backup', 'start', { rid: 'r' });
  await clock.advance(MINUTE_MS);
  await ping('backup', 'failure', { rid: 'r', exit_code: 3 });
  const { json } = await request('/jobs/backup/why');
  const parts = json['parts'] as { told: Told[] }[];
  const links = parts.flatMap(({ told }) => told.map(({ link }) => link)).filter((link) => link !== null);
  expect(links).toContain('/docs/reasons#exit_code');
  const page = await request('/docs/reasons');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  for (const link of links) expect(page.text).toContain(`id="${link.split('#')[1]}"`);
});

test('the answer about one run and about one incident links to what its reason means', async () => {
  const { request } = await missed();
  const [run] = (await request('/jobs/backup/runs')).json;
  const [incident] = (await request('/incidents')).json;
  for (const path of [`/jobs/backup/runs/${String(run!['id'])}`, `/incidents/${String(incident!['id'])}`]) {
    const { headers } = await request(path);
    expect(headers.get('link')).toBe('</docs/reasons#never_seen>; rel="help"');
  }
});
