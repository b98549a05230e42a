import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { startServer } from './support.ts';

test('the names of jobs are read once for many unknown names, and again after a while', async () => {
  let reads = 0;
  class CountingStore extends MemoryStore {
    override listJobs(filter: Parameters<MemoryStore['listJobs']>[0]) {
      reads += 1;
      return super.listJobs(filter);
    }
  }
  const { request, clock } = await startServer({ store: new CountingStore() });
  for (const name of ['a', 'b', 'c']) expect((await request(`/jobs/${name}`)).status).toBe(404);
  expect(reads).toBe(1);
  await clock.advance(5_000);
  await request('/jobs/a');
  expect(reads).toBe(2);
});
