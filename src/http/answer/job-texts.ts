import type { Job, JobIncident } from '../../core/model/records.ts';
import type { Globals } from '../../core/model/spec.ts';
import { SECOND_MS } from '../../schedule/units.ts';
import { digestOf } from './etag.ts';
import { jobJson } from './wire.ts';

/** So many texts are kept. They are those of the jobs on the pages that somebody looks at again and again. */
const TEXTS_MAX = 5_000;
/** What time alone changes, such as a deadline that a gap of the last week moved, may be shown so late. */
const KEPT_MS = 10 * SECOND_MS;

interface KeptText {
  incident: JobIncident | undefined;
  globals: Globals;
  at: number;
  expectedAt: number | null;
  /** The JSON of the job without its end and without `late`, which changes with each second. */
  text: string;
  /** Stands for the text. */
  digest: string;
}

/** A job as a list shows it. */
export interface ShownJob {
  /** Its JSON, the same as that of `jobJson` but for the order of its keys. */
  text: string;
  /** Stands for the text, so that a list has a tag without a look at the whole of it. */
  digest: string;
}

/**
 * Writes jobs for lists. Most jobs of a list are as they were when it was last asked for, so the text of a job is kept
 * until its record, its incident or the settings change.
 */
export class JobTexts {
  #kept = new Map<Job, KeptText>();

  show(job: Job, incident: JobIncident | undefined, globals: Globals, nowAt: number): ShownJob {
    const known = this.#kept.get(job);
    const isCurrent =
      known !== undefined &&
      known.incident === incident &&
      known.globals === globals &&
      Math.abs(nowAt - known.at) < KEPT_MS;
    const { text, digest, expectedAt } = isCurrent ? known : this.#keep(job, incident, globals, nowAt);
    const isLate = expectedAt !== null && expectedAt < nowAt;
    return { text: `${text},"late":${isLate}}`, digest: isLate ? `${digest}!` : digest };
  }

  #keep(job: Job, incident: JobIncident | undefined, globals: Globals, nowAt: number): KeptText {
    const { late: _late, ...shown } = jobJson(job, incident, globals, nowAt);
    // It is null where the job is not expected at all, such as in a pause.
    const expectedAt = shown['expected_at'] === null ? null : job.state.expected_at;
    const text = JSON.stringify(shown).slice(0, -1);
    const kept = { incident, globals, at: nowAt, expectedAt, text, digest: digestOf(text) };
    if (this.#kept.size >= TEXTS_MAX) this.#kept = new Map();
    this.#kept.set(job, kept);
    return kept;
  }
}
