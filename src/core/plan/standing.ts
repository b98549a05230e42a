/** The configuration that is applied, where instances share a store, and what was applied before it. */
export interface Standing {
  revision: string;
  applied_at: number;
  /** The revisions that were applied before and replaced since, the oldest first. */
  replaced: readonly string[];
}

/** So many replaced revisions are known. A file that is older counts as a new one. */
const REPLACED_MAX = 100;

/** Says what an instance knows of a revision of its file. */
interface Candidate {
  revision: string;
  /** The revision that the file of this instance had before; null at a start. */
  before: string | null;
  /** The revision that somebody asked to apply, whatever was applied meanwhile. */
  confirmed: string | undefined;
}

/**
 * Tells whether a file has been overtaken: its revision was applied before and replaced since, by an instance with a
 * newer file. A start never applies it again, and neither does an instance whose file was old before it changed, since
 * that one is only catching up. Where the file was the applied one, its change is a way back that somebody means.
 */
export function isOvertaken(standing: Standing, { revision, before, confirmed }: Candidate): boolean {
  if (revision === standing.revision || revision === confirmed) return false;
  return standing.replaced.includes(revision) && before !== standing.revision;
}

/** Returns what stands once a revision is applied. */
export function standingAfter(before: Standing | null, revision: string, at: number): Standing {
  const replaced = before === null ? [] : [...before.replaced, before.revision];
  const kept = [...new Set(replaced)].filter((each) => each !== revision);
  return { revision, applied_at: at, replaced: kept.slice(-REPLACED_MAX) };
}
