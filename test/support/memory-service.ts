import { applyConfiguration } from '../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../src/apply/stored-configuration.ts';
import { Checker } from '../../src/checker/checker.ts';
import { Liveness } from '../../src/checker/liveness.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { applyDefaults, type Fill, type Groups } from '../../src/core/model/defaults.ts';
import type { PingKind } from '../../src/core/model/reasons.ts';
import type { Ping } from '../../src/core/model/records.ts';
import type { PlannedJob } from '../../src/core/plan/planned-job.ts';
import { JobIngest } from '../../src/ingest/job-ingest.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { MemoryStore } from '../../src/store/local/memory.ts';
import { createFakeClock } from './fake-clock.ts';
import { pingOf } from './records.ts';

/** Starts the parts between HTTP and the outbox, over the memory store and a clock that the test moves. */
export async function startMemoryService(startAt: number) {
  const clock = createFakeClock(startAt);
  const store = new MemoryStore({ twice: true });
  await store.open();
  const checker: Checker = new Checker({
    store,
    clock,
    logger: silentLogger,
    onLateWake: () => liveness.check(),
    isGapUnnoted: () => liveness.isGapUnnoted,
  });
  const liveness = new Liveness({ store, clock, logger: silentLogger });
  const ingest = new JobIngest({
    store,
    clock,
    onRefusal: () => liveness.noteRefusal(),
    jobsMax: 5,
  });
  let revision = 0;
  return {
    clock,
    store,
    checker,
    liveness,
    ingest,
    /** Sends a ping as of now. */
    ping: (name: string, kind: PingKind, fields: Partial<Ping> = {}) =>
      ingest.ping(name, { ...pingOf(kind, clock.now()), ...fields }),
    /** Applies a configuration of these jobs as of now. */
    configure: async (
      jobs: Record<string, Declaration>,
      defaults: Declaration = {},
      notifiers: readonly string[] = ['ops'],
      groups: Groups = {},
    ) => {
      revision += 1;
      return applyConfiguration(
        store,
        configurationOf(String(revision), jobs, { defaults, groups }, notifiers),
        clock.now(),
      );
    },
  };
}

export function configurationOf(
  revision: string,
  jobs: Record<string, Declaration>,
  fill: Fill,
  notifiers: readonly string[],
): AppliedConfiguration {
  return {
    revision,
    files: [{ path: 'cronflow.yaml', text: revision }],
    ...fill,
    globals: { notifiers, replayWindowMs: 900_000 },
    jobs: Object.entries(jobs).map(([name, declared], index): PlannedJob => ({
      name,
      place: { file: 'cronflow.yaml', line: index + 1 },
      declared,
      declaration: applyDefaults(declared, fill),
    })),
  };
}
