import { expect, test } from 'vitest';
import { applyConfiguration, planAhead } from '../../src/apply/configuration.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { DAY_MS, HOUR_MS } from '../../src/schedule/units.ts';
import { configurationOf, startMemoryService } from '../support/memory-service.ts';

type Service = Awaited<ReturnType<typeof startMemoryService>>;

const START = Date.UTC(2025, 0, 1);
const BEFORE: Record<string, Declaration> = {
  backup: { schedule: '0 2 * * *' },
  report: { schedule: '0 3 * * *' },
  old: { schedule: '0 4 * * *' },
  gone: { schedule: '0 5 * * *' },
};
const AFTER: Record<string, Declaration> = {
  backup: { schedule: '0 6 * * *' },
  report: { schedule: '0 3 * * *' },
  new: { schedule: '0 4 * * *', renamed_from: 'old' },
  adhoc: { schedule: '0 7 * * *' },
};

/** Applies `AFTER` to `BEFORE`, and lets something happen between the plan and the commit if the plan is made ahead. */
async function applied(
  isAhead: boolean,
  meanwhile: (service: Service) => Promise<unknown>,
): Promise<unknown> {
  const service = await startMemoryService(START);
  const { store, clock, configure } = service;
  await configure(BEFORE);
  await clock.advance(HOUR_MS);
  const config = configurationOf('after', AFTER, { defaults: {} }, ['ops']);
  const ahead = isAhead ? await planAhead(store, config) : undefined;
  await meanwhile(service);
  await applyConfiguration(store, config, clock.now(), { ahead });
  const { items: jobs } = await store.listJobs({ skip: 0, limit: 10 });
  // Each service gives its jobs ids of its own.
  return jobs.map((job) => JSON.parse(JSON.stringify(job).replaceAll(job.id, 'ID')) as unknown);
}

test.each<[string, (service: Service) => Promise<unknown>]>([
  ['nothing happens', async () => {}],
  ['jobs ping', ({ ping }) => Promise.all([ping('backup', 'failure'), ping('old', 'start')])],
  ['time acts on a job', ({ clock }) => clock.advance(DAY_MS)],
  ['a job is paused', ({ ingest }) => ingest.pause('backup')],
  ['the API registers a name that the file declares', ({ ingest }) => ingest.register('adhoc', {})],
  ['the API registers another name', ({ ingest }) => ingest.register('other', { every: '1h' })],
  ['another file is applied', ({ configure }) => configure({ ...BEFORE, backup: { every: '1h' } })],
  ['the same file is moved about', ({ configure }) => configure({ x: {}, ...BEFORE })],
])('a plan that was made ahead does what one made in the commit does, where %s', async (_, meanwhile) => {
  const jobs = await applied(true, meanwhile);
  expect(jobs).toEqual(await applied(false, meanwhile));
  expect(jobs).toMatchObject(expect.arrayContaining([expect.objectContaining({ name: 'new' })]));
});
