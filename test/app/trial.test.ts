import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tryConfig } from '../../src/app/trial.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';
import { startMemoryService } from '../support/memory-service.ts';
import { pingOf } from '../support/records.ts';

/** What a text is worth beside one job of the API, `known`. */
async function tried(text: string, pinging: string[] = []) {
  const { store, clock, ingest } = await startMemoryService(DEFAULT_START_AT);
  const nobody = { via: 'anybody', who: null, from: null } as const;
  await ingest.register('known', { schedule: '0 2 * * *' }, nobody);
  // Two failures, of which the first opens an incident as the job is declared now.
  for (const hours of [1, 2]) {
    await clock.advance(hours * HOUR_MS);
    await ingest.ping('known', pingOf('failure', clock.now(), { exit_code: 1 }));
  }
  const before = JSON.stringify(await store.listJobs({ skip: 0, limit: 10 }));
  const trial = await tryConfig(text, { store, clock, redact: [], pinging });
  expect(JSON.stringify(await store.listJobs({ skip: 0, limit: 10 }))).toBe(before);
  return trial;
}

describe('a configuration that is not applied', () => {
  test('is told what applying it would change', async () => {
    const trial = await tried('jobs:\n  known: {schedule: "0 3 * * *"}\n  fresh: {schedule: "@daily"}\n');
    expect(trial).toMatchObject({ ok: true, errors: [], job_count: 2, not_read: [] });
    expect(trial.plan).toMatchObject({
      is_empty: false,
      would_be_held: false,
      totals: '1 added, 1 changed, 0 removed',
    });
    expect(trial.plan!.lines.join('\n')).toMatch(
      /^\+ fresh.*\n~ known \(from the API, now declared in the file\)/,
    );
  });

  test('is told which incidents of the last week would have been others', async () => {
    const lenient = await tried('jobs:\n  known: {schedule: "0 2 * * *", failure_threshold: 3}\n');
    expect(lenient.backtest).toMatch(/^known\n  - gone   .* exit_code, still open/m);
    expect(lenient.backtest).toContain('Incidents: 0 new, 1 gone, 0 moved (1 job replayed, 0 unchanged).');
    const added = await tried('jobs:\n  fresh: {schedule: "@daily"}\n');
    expect(added.backtest).toBeNull();
  });

  test('is told its mistakes with a caret, and has no plan then', async () => {
    const trial = await tried('jobs:\n  a: {schedul: "0 2 * * *"}\n');
    expect(trial).toMatchObject({ ok: false, plan: null, job_count: null });
    expect(trial.errors).toMatchObject([
      { code: 'unknown_key', file: 'cronflow.yaml', line: 2, suggestion: 'schedule' },
    ]);
    expect(trial.text).toMatch(/cronflow\.yaml:2:7 .*\n +2 \| .*\n +\| +\^\^\^/);
  });

  test('is told what is probably not meant', async () => {
    const trial = await tried('jobs:\n  a: {schedule: "0 2 * * *", notify: []}\n', ['b']);
    expect(trial.lints.map(({ code, severity }) => [code, severity])).toContainEqual([
      'nobody_told',
      expect.stringMatching(/^(?:warning|note)$/),
    ]);
    expect(trial.text).toContain('nobody_told');
  });

  test('is not told what a comment in it allows', async () => {
    const trial = await tried(
      'jobs:\n  # cronflow: allow nobody_told\n  a: {schedule: "0 2 * * *", notify: []}\n',
    );
    expect(trial.lints.map(({ code }) => code)).not.toContain('nobody_told');
  });

  test('reads no file and no variable, whatever it refers to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cronflow-trial-'));
    const [secret, more] = [join(folder, 'secret'), join(folder, 'more.yaml')];
    await writeFile(secret, 'https://hooks.example.com/topsecret');
    await writeFile(more, 'not: [valid topsecret');
    const path = 'PATH' in process.env ? process.env['PATH']! : '';
    const trial = await tried(
      `include: ['${more}']\nnotifiers:\n  n: {type: webhook, url_file: '${secret}'}\njobs:\n  a: {schedule: "0 2 * * *", description: "\${PATH}"}\n`,
    );
    await rm(folder, { recursive: true });
    expect(trial.ok).toBe(true);
    expect(trial.not_read).toEqual([more, 'the variables of the environment']);
    const said = JSON.stringify(trial);
    expect(said).not.toContain('topsecret');
    expect(said).not.toContain(JSON.stringify(path).slice(1, -1));
  });

  test.each([
    '',
    '[]',
    'jobs: {a: "* * *"}',
    '&a [*a]',
    'a: &x [1]\nb: [*x, *x]',
    '\u0000',
    'jobs: {__proto__: {}}',
  ])('may be any text: %j', async (text) => {
    const trial = await tried(text);
    expect(trial.ok).toBe(false);
    expect(trial.errors.length).toBeGreaterThan(0);
  });
});
