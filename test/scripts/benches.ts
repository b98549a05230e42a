import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench, findShells, Monitor, type Shell, which, writePatientScript } from './harness.ts';
import { closeStrayDescriptors } from './processes.ts';

export type Case = readonly [name: string, check: (bench: Bench) => Promise<void>];

/** What the cases of one file share; all of it is gone after the last one. */
export interface Benches {
  monitor: Monitor;
  /** The wrapper, with the patience that a busy machine needs. */
  patientScript: string;
  /** A bench of its own for a case, which has a job of its own. */
  benchFor: (shell: Shell, script: string) => Bench;
  /** A bench for the same job whose shell is found by its path, so that a case may set a PATH without it. */
  byPath: (bench: Bench) => Bench;
}

/** To be called once, outside every test. @param prefix what the names of the jobs begin with */
export function useBenches(prefix: string): Benches {
  closeStrayDescriptors();
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
    byPath: ({ shell: [name = '', ...words], job, script }) => {
      const bench = new Bench([which(name) ?? '', ...words], monitor, job, script);
      benches.push(bench);
      return bench;
    },
  };
}

/** Checks the cases under every shell that is here, each with the wrapper that is patient. */
export function checkUnderEachShell({ benchFor, patientScript }: Benches, cases: readonly Case[]): void {
  describe.each(findShells())('monitor.sh under $name', ({ shell }) => {
    test.concurrent.each(cases)('%s', async (_name, check) => {
      expect(await check(benchFor(shell, patientScript))).toBeUndefined();
    });
  });
}

/** Checks the cases under the first shell that is here, each with the script: the wrapper as it is, or a patient one. */
export function checkUnderOneShell({ benchFor }: Benches, cases: readonly Case[], script: string): void {
  const shell = findShells()[0]?.shell ?? ['sh'];
  describe('monitor.sh', () => {
    test.concurrent.each(cases)('%s', async (_name, check) => {
      expect(await check(benchFor(shell, script))).toBeUndefined();
    });
  });
}
