import { describe, expect, test } from 'vitest';
import { CronflowError, type Fault } from '../../src/core/model/errors.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { CONFIG_STATUS, startServer } from './support.ts';

describe('GET /', () => {
  test('is a JSON message for a client', async () => {
    const { request } = await startServer({ notices: () => ['nobody will be told'] });
    const answer = await request('/');
    expect(answer.json).toMatchObject({
      name: 'cronflow',
      version: '1.2.3',
      links: { docs: '/docs', jobs: '/jobs' },
      warnings: ['nobody will be told'],
    });
    for (const path of Object.values(answer.json['links'] as Record<string, string>)) {
      expect((await request(path)).status).toBe(200);
    }
  });

  test('is the dashboard for a browser, and one without script reads links in which nothing is taken for markup', async () => {
    const { request } = await startServer({ notices: () => ['<b>"&'] });
    const headers = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const answer = await request('/', { headers });
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(answer.text).toContain('<p role="alert">&lt;b&gt;&quot;&amp;</p>');
    expect(answer.text).toContain('<a href="/docs">');
  });
});

describe('the health of a service', () => {
  test('is live and ready', async () => {
    const { request } = await startServer({ notices: () => ['nobody will be told'] });
    expect((await request('/healthz')).json).toEqual({ status: 'ok' });
    expect((await request('/readyz')).json).toEqual({
      status: 'ready',
      detail: null,
      warnings: ['nobody will be told'],
    });
  });

  test('is not ready while nothing can be stored, yet live', async () => {
    class FailingStore extends MemoryStore {
      override health() {
        return { ok: false, refuses: 'commits', detail: 'No space left on device.' } as const;
      }
    }
    const { request } = await startServer({ store: new FailingStore() });
    const answer = await request('/readyz');
    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ status: 'not_ready', detail: 'No space left on device.', warnings: [] });
    expect((await request('/healthz')).status).toBe(200);
  });

  test('is ready while pings are taken without their outputs, and says so', async () => {
    const store = new MemoryStore();
    store.health = () => ({ ok: false, refuses: 'outputs', detail: 'No output can be kept: full.' });
    const { request } = await startServer({ store });
    const answer = await request('/readyz');
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ status: 'ready', detail: 'No output can be kept: full.' });
  });
});

describe('the configuration', () => {
  test('is shown with its last error and what is held', async () => {
    const fault: Fault = {
      code: 'unknown_key',
      path: 'jobs.a',
      message: 'unknown',
      file: 'cronflow.yaml',
      line: 3,
      column: 1,
    };
    const { request } = await startServer({
      configStatus: () => ({
        ...CONFIG_STATUS,
        last_error: {
          at: CONFIG_STATUS.applied_at!,
          code: 'config_invalid',
          detail: 'one error',
          faults: [fault],
        },
        held: { revision: 'b'.repeat(64), detail: 'removes 7 of 9 jobs' },
      }),
    });
    expect((await request('/config')).json).toMatchObject({
      revision: 'a'.repeat(64),
      applied_at: '2026-01-15T12:00:00.000Z',
      last_error: { at: '2026-01-15T12:00:00.000Z', faults: [{ line: 3 }] },
      held: { revision: 'b'.repeat(64) },
    });
  });

  test('is shown also where it was never read', async () => {
    const { request } = await startServer({
      configStatus: () => ({ ...CONFIG_STATUS, revision: null, source: null, applied_at: null, files: [] }),
    });
    expect((await request('/config')).json).toMatchObject({ revision: null, applied_at: null });
  });

  test('is read again, with what is confirmed', async () => {
    const calls: object[] = [];
    const { request } = await startServer({
      async reload(options) {
        calls.push(options);
        return CONFIG_STATUS;
      },
    });
    const answer = await request('/config/reload', { method: 'POST' });
    expect(answer.json['revision']).toBe('a'.repeat(64));
    await request('/config/reload?confirm=abc', { method: 'POST' });
    const by = { via: 'anybody', who: null, from: '127.0.0.1' };
    expect(calls).toEqual([{ by }, { by, confirm: 'abc' }]);
  });

  test.each([
    ['config_invalid', 422],
    ['config_held', 409],
  ] as const)('is refused as %s with the reason', async (code, status) => {
    const faults: Fault[] = [
      { code: 'unknown_key', path: 'jobs', message: 'wrong', file: 'cronflow.yaml', line: 1, column: 2 },
    ];
    const { request } = await startServer({
      reload: () => Promise.reject(new CronflowError(code, 'not applied', { faults })),
    });
    const answer = await request('/config/reload', { method: 'POST' });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code, detail: 'not applied', errors: faults });
  });
});

describe('an error inside', () => {
  test('is a 500 that tells nothing, and a line in the log that does', async () => {
    const lines: unknown[] = [];
    const { request } = await startServer({
      configStatus: () => {
        throw new Error('secret');
      },
      logger: { debug() {}, info() {}, warn() {}, error: (message, fields) => lines.push([message, fields]) },
    });
    const answer = await request('/config');
    expect(answer.status).toBe(500);
    expect(answer.json['code']).toBe('internal');
    expect(answer.text).not.toContain('secret');
    expect(lines).toEqual([
      [
        'request failed',
        expect.objectContaining({ path: '/config', error: expect.stringContaining('secret') }),
      ],
    ]);
  });
});
