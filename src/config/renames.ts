import type { Fault, Lint } from '../core/model/errors.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';

type Declared = Omit<PlannedJob, 'declaration'>;

/** Finds the faults and lints of `renamed_from` that do not depend on what is stored. */
export function renameFindings(jobs: readonly Declared[]): { faults: Fault[]; lints: Lint[] } {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const renamedTo = new Map<string, Declared>();
  const faults: Fault[] = [];
  const lints: Lint[] = [];
  for (const job of jobs) {
    const from = job.declared.renamed_from;
    if (typeof from !== 'string') continue;
    const path = `jobs.${job.name}.renamed_from`;
    const place = job.renamed_from_place ?? job.place;
    const still = byName.get(from);
    const other = renamedTo.get(from);
    if (still !== undefined) {
      const message = `renames nothing: "${from}" is still declared, at ${still.place.file}:${still.place.line}`;
      lints.push({ code: 'renames_nothing', path, message, ...place });
    } else if (other === undefined) {
      renamedTo.set(from, job);
    } else {
      const at = other.renamed_from_place ?? other.place;
      const message = `"${from}" can become one job only, and "${other.name}" is renamed from it at ${at.file}:${at.line}`;
      faults.push({ code: 'conflict', path, message, ...place });
    }
  }
  return { faults, lints };
}
