import type { HttpDeps } from '../../src/http/deps.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { ServiceCounts } from '../../src/observe/service-counts.ts';
import { DEFAULT_GLOBALS } from '../../src/core/model/spec.ts';
import { loggedStore } from '../../src/store/logged.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { createFakeClock, DEFAULT_START_AT } from '../support/fake-clock.ts';
import { startServer } from './support.ts';

/** A server that has taken some pings and done some of everything, so that each metric has a series. */
export async function busyServer(changes: Partial<HttpDeps> = {}) {
  const clock = createFakeClock(DEFAULT_START_AT);
  const counts = new ServiceCounts();
  const store = loggedStore(new MemoryStore(), silentLogger, { counts, clock });
  const ingest = new JobIngest({ store, clock, onRefusal: () => {} });
  const checkedMs = clock.monotonic() - 5_000;
  const server = await startServer({
    store,
    ingest,
    clock,
    counts,
    checkedMs: () => checkedMs,
    perJobMetrics: () => true,
    globals: () => ({ ...DEFAULT_GLOBALS, notifiers: ['ops', 'mail'] }),
    heartbeat: () => ({ taken: 1, failed: 0, trouble: null }),
    ...changes,
  });
  counts.isPerJob = changes.perJobMetrics ?? (() => true);
  counts.noteSync(2);
  counts.noteSync(300);
  counts.noteReload('applied', 20, DEFAULT_START_AT);
  await ingest.register('a', {});
  await ingest.register('b', {});
  await server.request('/jobs/b/start?rid=open');
  await server.request('/jobs/a/success?rid=1&duration_ms=42000');
  await server.request('/jobs/a/success?rid=1&duration_ms=42000');
  await server.request('/jobs/b/failure?rid=2&exit_code=3');
  await server.request('/jobs/nobody/failure');
  return { server: { ...server, store, ingest, clock }, counts };
}
