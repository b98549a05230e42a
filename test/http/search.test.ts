import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../src/schedule/units.ts';
import { job, NOW_AT, run } from '../support/records.ts';
import { type Answer, startServer, type TestServer } from './support.ts';

/** Puts runs of two jobs, an hour apart and the newest first, that printed these texts. */
async function printed(server: TestServer, texts: readonly string[]): Promise<void> {
  await server.store.transact({ all: true }, (tx) => {
    tx.putJob(job('a', { declaration: { group: 'db' } }));
    tx.putJob(job('b'));
    for (const [index, text] of texts.entries()) {
      const id = index % 2 === 0 ? 'a' : 'b';
      const number = texts.length - index;
      const bytes = Buffer.byteLength(text);
      tx.putRun(run(id, number, { started_at: NOW_AT - index * HOUR_MS, output_bytes: bytes }));
      if (text !== '') tx.putOutput(id, `${id}-${number}`, { text, dropped_bytes: 0 });
    }
  });
}

const nextOf = ({ headers }: Answer): string | undefined => /^<([^>]+)>/.exec(headers.get('link') ?? '')?.[1];
const idsOf = ({ json }: Answer): string[] => json.map(({ id }) => String(id));

describe('a search of outputs', () => {
  test('finds runs of all jobs that printed a text, those that began last first, with its line', async () => {
    const server = await startServer();
    await printed(server, ['all well\nDisk FULL on /vault\nend', 'fine', '', 'disk full', 'disk is fine']);
    const found = await server.request('/runs?output=disk%20full');
    expect(found.json).toMatchObject([
      { id: 'a-5', job_name: 'job-a', output_line: 'Disk FULL on /vault' },
      { id: 'b-2', job_name: 'job-b', output_line: 'disk full' },
    ]);
    expect(found.headers.get('x-searched-outputs')).toBe('4');
    expect(found.headers.get('x-searched-until')).toBeNull();
    expect(found.headers.get('link')).toBeNull();
    expect(idsOf(await server.request('/runs?output=disk%20full&group=db'))).toEqual(['a-5']);
    expect(idsOf(await server.request('/runs?output=disk%20full&until=2h'))).toEqual(['b-2']);
    expect(idsOf(await server.request('/runs?output=nothing'))).toEqual([]);
    const plain = await server.request('/runs?output=');
    expect(plain.headers.get('x-searched-outputs')).toBeNull();
    expect(plain.json[0]).not.toHaveProperty('output_line');
  });

  test('shows a part of a long line, around the text', async () => {
    const server = await startServer();
    await printed(server, [`${'x'.repeat(500)} here ${'y'.repeat(500)}`, 'İİ here']);
    const [long, folded] = (await server.request('/runs?output=HERE')).json;
    expect(long!['output_line']).toHaveLength(200);
    expect(long!['output_line']).toContain(' here ');
    expect(folded!['output_line']).toContain('here');
  });

  test.each([
    ['bytes', { searchBytesMax: 20 }],
    ['time', { searchMsMax: 0 }],
  ])('ends when it has taken enough %s, says how far it got, and is taken up again', async (_, limits) => {
    const server = await startServer({ limits });
    const texts = ['nothing here at all...', 'match', 'nothing here at all...', '', 'match'];
    await printed(server, texts);
    const found: string[] = [];
    const reached: (string | null)[] = [];
    let path: string | undefined = '/runs?output=match';
    while (path !== undefined) {
      const page = await server.request(path);
      found.push(...idsOf(page));
      reached.push(page.headers.get('x-searched-until'));
      path = nextOf(page);
    }
    expect(found).toEqual(['b-4', 'a-1']);
    expect(reached[0]).toBe('2026-01-15T12:00:00.000Z');
    expect(reached.length).toBeGreaterThan(2);
    expect(reached.at(-1)).toBeNull();
  });

  test('ends a page at its limit', async () => {
    const server = await startServer();
    await printed(server, ['match', 'match', 'match']);
    const page = await server.request('/runs?output=match&limit=2');
    expect(idsOf(page)).toEqual(['a-3', 'b-2']);
    expect(idsOf(await server.request(nextOf(page)!))).toEqual(['a-1']);
  });

  test('lets a ping go before it', async () => {
    const server = await startServer();
    await server.store.transact({ all: true }, (tx) => {
      tx.putJob(job('a', { declaration: { keep_runs: 1_000 } }));
      for (let number = 1; number <= 1_000; number += 1) {
        tx.putRun(run('a', number, { output_bytes: 9_000 }));
        tx.putOutput('a', `a-${number}`, { text: 'x'.repeat(9_000), dropped_bytes: 0 });
      }
    });
    const ended: string[] = [];
    const search = server.request('/runs?output=match').then(() => ended.push('search'));
    await server.request('/jobs/job-a/success?rid=r').then(() => ended.push('ping'));
    await search;
    expect(ended).toEqual(['ping', 'search']);
  });
});
