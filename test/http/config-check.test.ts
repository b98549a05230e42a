import { describe, expect, test } from 'vitest';
import { startServer } from './support.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('the check of a configuration', () => {
  test('answers what the text is worth', async () => {
    const { request } = await startServer();
    const { status, json } = await request('/config/check', {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({ text: 'jobs: {}' }),
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ ok: true, text: 'of 8 characters' });
  });

  test.each([
    [JSON.stringify({ text: 'x'.repeat(65_537) }), 413, 'body_too_large'],
    [JSON.stringify({ text: 'x'.repeat(300_000) }), 413, 'body_too_large'],
    ['{"text": 1}', 400, 'bad_request'],
    ['null', 400, 'bad_request'],
    ['{', 400, 'bad_request'],
  ])('refuses what is no configuration or too long (%#)', async (body, status, code) => {
    const { request } = await startServer();
    const answer = await request('/config/check', { method: 'POST', headers: JSON_TYPE, body });
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
  });

  test('lists at most 100 errors', async () => {
    const errors = Array.from(
      { length: 150 },
      () => ({ code: 'wrong_type', path: 'jobs', message: 'no' }) as const,
    );
    const { request } = await startServer({
      tryConfig: async () => ({
        ok: false,
        errors,
        lints: [],
        text: '',
        plan: null,
        backtest: null,
        job_count: null,
        not_read: [],
      }),
    });
    const { json } = await request('/config/check', {
      method: 'POST',
      headers: JSON_TYPE,
      body: '{"text":""}',
    });
    expect(json['errors']).toHaveLength(101);
  });
});

test('GET /config/lints names 1,000 lints and counts the others', async () => {
  const lint = { code: 'nobody_told', path: 'jobs.a', message: 'nobody', severity: 'warning' } as const;
  const { request } = await startServer({
    configLints: () => ({
      lints: Array.from({ length: 1_007 }, () => lint),
      text: 'nobody',
      is_too_long: false,
    }),
  });
  const { json } = await request('/config/lints');
  expect(json['lints']).toHaveLength(1_001);
  expect((json['lints'] as unknown[]).at(-1)).toMatchObject({ code: 'more', message: 'and 7 more' });
});

test('GET /config/lints shows what is probably not meant', async () => {
  const lint = { code: 'nobody_told', path: 'jobs.a', message: 'nobody', severity: 'warning' } as const;
  const { request } = await startServer({
    configLints: () => ({ lints: [lint], text: 'nobody', is_too_long: false }),
  });
  const answer = await request('/config/lints');
  expect(answer).toMatchObject({ status: 200, json: { lints: [lint], text: 'nobody', is_too_long: false } });
});
