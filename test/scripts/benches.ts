import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Bench, Monitor, type Shell, writePatientScript } from './harness.ts';

export type Case = readonly [name: string, check: (bench: Bench) => Promise<void>];

/** What the cases of one file share; all of it is gone after the last one. */
export interface Benches {
  monitor: Monitor;
  /** The wrapper, with the patience that a busy machine needs. */
  patientScript: string;
  /** A bench of its own for a case, which has a job of its own. */
  benchFor: (shell: Shell, script: string) => Bench;
  /** All that are to be removed at the end; a case that makes one itself adds it. */
  benches: Bench[];
}

/** To be called once, outside every test. @param prefix what the names of the jobs begin with */
export function useBenches(prefix: string): Benches {
  const monitor = new Monitor();
  const benches: Bench[] = [];
  const scripts = mkdtempSync(join(tmpdir(), 'cronflow-wrapper-'));
  const patientScript = writePatientScript(scripts);

  beforeAll(() => monitor.listen());
  afterAll(async () => {
    // A detached retry ends with its spool.
    for (const bench of benches) bench.remove();
    rmSync(scripts, { recursive: true });
    await monitor.close();
  });

  return {
    monitor,
    patientScript,
    benchFor: (shell, script) => {
      const bench = new Bench(shell, monitor, `${prefix}-${benches.length}`, script);
      benches.push(bench);
      return bench;
    },
    benches,
  };
}
