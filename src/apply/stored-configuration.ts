import type { Declaration } from '../core/model/declaration.ts';
import type { Fill, Groups } from '../core/model/defaults.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Globals } from '../core/model/spec.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import { type Standing, standingAfter } from '../core/plan/standing.ts';
import { CONFIGURATION_KEY, type Store, type Tx, type View } from '../store/store.ts';
import { EVENT_META, readGlobals } from './events.ts';

/** The part of a configuration that is stored and applied. It does not say where messages go. */
export interface AppliedConfiguration {
  revision: string;
  /** The text that was read, so that a start with a broken file can go on with this revision. */
  files: readonly { path: string; text: string }[];
  defaults: Declaration;
  groups?: Groups;
  jobs: readonly PlannedJob[];
  globals: Globals;
  /** The settings that belong to no job, by path, without secrets. Plans compare them. */
  written?: Readonly<Record<string, string>>;
  /** Tells whether another instance was faster, so that this configuration is not applied. */
  isOvertaken?: (standing: Standing) => boolean;
}

interface StoredConfiguration {
  revision: string;
  files: readonly { path: string; text: string }[];
  defaults: Declaration;
  /** Absent in a configuration that was stored before there were groups. */
  groups?: Groups;
  /** Absent in a configuration that was stored before plans compared it. */
  written?: Readonly<Record<string, string>>;
  applied_at: number;
}

/** The meta keys that the scope of a transaction names which declares a job anew. */
export const DECLARING_META: readonly string[] = [...EVENT_META, CONFIGURATION_KEY];

/**
 * The meta key of what stands, where instances share the store. It is small, so that each of them can look at it often.
 */
export const STANDING_KEY = 'standing';

/** Returns which configuration stands; null where none was ever applied. */
export async function standingConfiguration(store: Store): Promise<Standing | null> {
  const standing = (await store.meta(STANDING_KEY)) as Standing | undefined;
  if (standing !== undefined) return standing;
  // The store was carried over from one that no instances share.
  const stored = await storedConfiguration(store);
  return stored === undefined ? null : standingOf(stored);
}

export function readStanding(tx: Pick<View, 'meta'>): Standing | null {
  const stored = tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined;
  const standing = tx.meta(STANDING_KEY) as Standing | undefined;
  return standing ?? (stored === undefined ? null : standingOf(stored));
}

function standingOf({ revision, applied_at: appliedAt }: StoredConfiguration): Standing {
  return { revision, applied_at: appliedAt, replaced: [] };
}

/** Returns the revision and the text of the last good configuration, or undefined when none was ever applied. */
export async function storedConfiguration(store: Store): Promise<StoredConfiguration | undefined> {
  return (await store.meta(CONFIGURATION_KEY)) as StoredConfiguration | undefined;
}

/** Returns what the applied configuration says that belongs to no job, by path, or undefined where it is not known. */
export function readWritten(tx: Pick<View, 'meta'>): Readonly<Record<string, string>> | undefined {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined)?.written;
}

export function readRevision(tx: Pick<View, 'meta'>): string | undefined {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined)?.revision;
}

/** Returns the `defaults` in force. */
export function readDefaults(tx: Pick<View, 'meta'>): Declaration {
  return (tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined)?.defaults ?? {};
}

/** Returns what fills jobs now, also those registered over the API (docs/design.md §5). */
export function readFill(tx: Pick<View, 'meta'>): Fill {
  const stored = tx.meta(CONFIGURATION_KEY) as StoredConfiguration | undefined;
  return stored === undefined ? { defaults: {} } : { ...stored, globals: readGlobals(tx) };
}

/**
 * Writes down what stands from now on.
 * @throws CronflowError `config_held` where another instance was faster
 */
export function putStanding(tx: Tx, { revision, isOvertaken }: AppliedConfiguration, at: number): void {
  const standing = readStanding(tx);
  if (standing !== null && isOvertaken?.(standing) === true)
    throw new CronflowError('config_held', `Revision ${revision} was replaced by ${standing.revision}.`);
  tx.putMeta(STANDING_KEY, standingAfter(standing, revision, at));
}

/** Stores the revision and the text of a configuration. */
export function putConfiguration(
  tx: Tx,
  { revision, files, defaults, groups = {}, written }: AppliedConfiguration,
  at: number,
): void {
  tx.putMeta(CONFIGURATION_KEY, {
    revision,
    files,
    defaults,
    groups,
    ...(written === undefined ? {} : { written }),
    applied_at: at,
  } satisfies StoredConfiguration);
}
