import type { Fault } from '../core/model/errors.ts';
import { massRemoval, type Plan } from '../core/plan/plan.ts';
import type { Standing } from '../core/plan/standing.ts';
import { causesOf } from './causes.ts';
import type { Config, SourceFile } from './config.ts';
import { formatFaults } from './format.ts';
import { hideInFault } from './secrets/hide.ts';

/** Jobs that would be removed are named up to this number. */
const REMOVED_MAX = 10;

/** The reason why the configuration that runs is not the one in the file. */
export interface ConfigProblem {
  code: 'config_invalid' | 'config_held' | 'store_unavailable';
  /**
   * The problem for people: every fault under its line, or the jobs that would be removed and how to confirm that.
   */
  text: string;
  /** The problem for programs. */
  faults: readonly Fault[];
  /** One hash for each distinct mistake, so that each is told of once. */
  causes: readonly string[];
  /** The revision to confirm; null unless held. */
  revision: string | null;
  /** The instant at which it was found, in milliseconds since the Unix epoch. */
  since_at: number;
  /**
   * True where another instance applied a newer configuration. That is over by itself once the files of this one follow,
   * so people need not hear of it at once.
   */
  isLag: boolean;
}

/** What every problem needs to be told of. */
export interface Telling {
  /** The file of the configuration. */
  path: string;
  /** The `redact` patterns of whatever may be shown. */
  redact: readonly string[];
  /** The instant at which the problem was found, in milliseconds since the Unix epoch. */
  nowAt: number;
}

/**
 * Returns the problem that these mistakes are.
 * @param code what is the matter
 * @param told the mistakes, and the files whose lines show them
 */
export function problemOf(
  code: ConfigProblem['code'],
  { faults, files }: { faults: readonly Fault[]; files: readonly SourceFile[] },
  { redact, nowAt }: Telling,
): ConfigProblem {
  return {
    code,
    text: formatFaults(faults, files, { redact }),
    faults: faults.map((fault) => hideInFault(fault, redact)),
    // Causes are taken from the faults before these are hidden, because hidden faults may look alike. Causes are
    // hashes, so they show nothing.
    causes: causesOf(faults),
    revision: null,
    since_at: nowAt,
    isLag: false,
  };
}

/** Returns the problem of a change that removes most jobs; null for any other change. */
export function heldProblem(
  { revision }: Pick<Config, 'revision'>,
  plan: Plan,
  telling: Telling,
): ConfigProblem | null {
  const mass = massRemoval(plan);
  if (mass === null) return null;
  const names = plan.removed.slice(0, REMOVED_MAX).map((job) => job.name);
  if (mass.removed > names.length) names.push(`and ${mass.removed - names.length} more`);
  const message =
    `would remove ${mass.removed} of ${mass.before} jobs (${names.join(', ')}), as a truncated file does; ` +
    `to do so, confirm revision ${revision}`;
  return { ...held(message, telling), revision };
}

/**
 * Returns the problem of a configuration that another instance has replaced.
 * @param standing the configuration that stands instead
 */
export function overtakenProblem(
  { revision }: Pick<Config, 'revision'>,
  standing: Standing | null,
  telling: Telling,
): ConfigProblem {
  const message =
    `was applied before, and another instance has replaced it by revision ${standing?.revision}, which runs; ` +
    `save a newer file here, or confirm revision ${revision} to go back to it`;
  return { ...held(message, telling), revision, isLag: true };
}

function held(message: string, telling: Telling): ConfigProblem {
  const fault: Fault = { code: 'config_held', path: '', message, file: telling.path };
  return problemOf('config_held', { faults: [fault], files: [] }, telling);
}
