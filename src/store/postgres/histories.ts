import type { Job, Row } from '../../core/model/records.ts';
import { isOpen, jobIdIn } from '../../core/model/rows.ts';
import { keepRunsOf } from '../../core/model/spec.ts';
import type { Changes } from '../local/changes.ts';
import type { Overlay } from '../local/overlay.ts';
import type { LoadedTables } from './loaded-tables.ts';
import { type Noted, NOTHING_NOTED } from './noted.ts';

/** What a batch makes of the histories of its jobs. */
export class BatchHistories {
  readonly #overlay: Overlay;
  readonly #tables: LoadedTables;
  /** Maps jobs whose rows are written to how many more settled rows they have then; null where that is not known. */
  readonly #moreOf = new Map<string, number | null>();
  /** The jobs of which a run is open that was not. */
  readonly #begun = new Set<string>();

  constructor({ put, del }: Changes, { overlay, tables }: { overlay: Overlay; tables: LoadedTables }) {
    this.#overlay = overlay;
    this.#tables = tables;
    for (const row of put.runs ?? []) {
      const stored = this.#settledBefore(row.id);
      const before = this.isNew(row) ? 0 : stored;
      this.#add(row.job_id, before === null ? null : (isOpen(row) ? 0 : 1) - before);
      if (isOpen(row) && stored !== 0) this.#begun.add(row.job_id);
    }
    for (const id of del.runs ?? []) {
      const before = this.#settledBefore(id);
      this.#add(jobIdIn(id), before === null ? null : -before);
    }
  }

  /** Tells whether it is certain that a row is not stored. */
  isNew({ job_id: jobId, number }: Row): boolean {
    return this.#tables.hasHeadsOf(jobId) && number > this.#tables.newestNumberOf(jobId);
  }

  /** Lists the jobs whose states have to be written for what they note. */
  changed(): string[] {
    return [...this.#begun, ...[...this.#moreOf].filter(([, more]) => more !== 0).map(([id]) => id)];
  }

  /** Returns what is noted of a job with this commit. */
  notedOf(job: Job): Noted {
    const headsFrom = this.#headsFromOf(job);
    const settled = this.#settledOf(job.id);
    // What is noted holds together or not at all.
    if (headsFrom === null || settled === null) return { headsFrom, kept: null };
    return { headsFrom, kept: Math.min(settled, keepRunsOf(job.declaration)) };
  }

  /** Returns how many settled rows of a job are too many by now; null where they have to be counted. */
  excessOf({ id, declaration }: Job): number | null {
    const settled = this.#settledOf(id);
    return settled === null ? null : settled - keepRunsOf(declaration);
  }

  /** Returns how many runs of a job are open by now; null where that is not known. */
  openCountOf(jobId: string): number | null {
    return this.#tables.hasHeadsOf(jobId) ? this.#overlay.runsOf(jobId).open().length : null;
  }

  #headsFromOf({ id, state }: Job): number | null {
    // Where the rows stay as they are, as in most changes of all jobs, so does what is noted of them.
    if (!this.#tables.hasHeadsOf(id)) return this.#moreOf.has(id) ? null : this.#notedBefore(id).headsFrom;
    const open = this.#overlay.runsOf(id).open();
    return Math.min(state.run_count, ...open.map(({ number }) => number));
  }

  /** Returns how many settled rows of a job there are before it is trimmed. */
  #settledOf(jobId: string): number | null {
    const { kept } = this.#notedBefore(jobId);
    const more = this.#moreOf.get(jobId);
    if (kept === null || more === null) return null;
    return kept + (more ?? 0);
  }

  #notedBefore(jobId: string): Noted {
    if (this.#tables.jobById(jobId) === undefined) return { headsFrom: 0, kept: 0 };
    return this.#tables.noted.get(jobId) ?? NOTHING_NOTED;
  }

  /** Returns 1 for a row that is stored and has ended, 0 for one that is open, and null where that is not known. */
  #settledBefore(id: string): number | null {
    const stored = this.#tables.runs.get(id);
    if (stored === undefined) return null;
    return isOpen(stored) ? 0 : 1;
  }

  #add(jobId: string, more: number | null): void {
    const before = this.#moreOf.get(jobId);
    this.#moreOf.set(jobId, before === null || more === null ? null : (before ?? 0) + more);
  }
}
