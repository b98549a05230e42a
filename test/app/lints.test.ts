import { expect, test } from 'vitest';
import { createLinting } from '../../src/app/lints.ts';
import type { Config } from '../../src/config/config.ts';
import { loadStored } from '../../src/config/load.ts';
import { MINUTE_MS } from '../../src/schedule/units.ts';
import { DEFAULT_START_AT } from '../support/fake-clock.ts';

const CLOCK = { now: () => DEFAULT_START_AT };
const NONE = { recent: () => [] };

async function configOf(text: string, env: Record<string, string> = {}): Promise<Config> {
  const loaded = await loadStored([{ path: 'cronflow.yaml', text }], env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

test('says with lines and carets what is probably not meant, and again as things change', async () => {
  let now = DEFAULT_START_AT;
  const reloader: { current: Config | null } = { current: null };
  const lints = createLinting(reloader, { env: {}, clock: { now: () => now }, unknownPings: NONE });
  expect(lints()).toEqual({ lints: [], text: '', is_too_long: false });

  reloader.current = await configOf('jobs:\n  a: {schedule: "0 2 * * *", notify: []}\n');
  const codes = (): string[] => lints().lints.map(({ code }) => code);
  const first = codes();
  expect(first).toContain('nobody_told');
  expect(lints().text).toMatch(/cronflow\.yaml:2:\d+ .*\n +2 \| .*\n +\| +\^/);

  expect(codes()).toEqual(first);
  const found = lints();
  now += MINUTE_MS + 1;
  expect(lints()).not.toBe(found);

  reloader.current = await configOf(`jobs:\n  b: {schedule: "0 2 * * *"}\n`);
  expect(codes()).not.toContain('nobody_told');
});

test('leaves out what a comment in the file allows, as the command does', async () => {
  const config = await configOf(
    'jobs:\n  a: {schedule: "0 2 * * *", notify: []} # cronflow: allow nobody_told\n  b: {schedule: "0 2 * * *", notify: []}\n',
  );
  const { lints, text } = createLinting({ current: config }, { env: {}, clock: CLOCK, unknownPings: NONE })();
  const told = lints.filter(({ code }) => code === 'nobody_told');
  expect(told.map(({ line }) => line)).toEqual([3]);
  expect(text.match(/nobody_told\]/g)).toHaveLength(1);
});

test('shows no value that looks like a secret', async () => {
  const env = { TOPSECRET: 'hunter2hunter2' };
  const config = await configOf(
    'redact: ["hunter2hunter2"]\njobs:\n  a: {schedule: "0 2 * * *", notify: [], description: "${TOPSECRET}"}\n',
    env,
  );
  const linting = createLinting({ current: config }, { env, clock: CLOCK, unknownPings: NONE });
  expect(JSON.stringify(linting())).not.toContain('hunter2');
});

test('looks through no configuration that would hold up pings', async () => {
  const jobs = Array.from({ length: 2_000 }, (_, i) => `  job-${i}: {schedule: "0 2 * * *", notify: []}\n`);
  const config = await configOf(`jobs:\n${jobs.join('')}`);
  const linting = createLinting({ current: config }, { env: {}, clock: CLOCK, unknownPings: NONE });
  expect(linting()).toEqual({ lints: [], text: '', is_too_long: true });
});
