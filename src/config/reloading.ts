import type { Clock } from '../clock.ts';
import type { Actor } from '../core/model/audit.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Standing } from '../core/plan/standing.ts';
import type { Logger } from '../observe/log.ts';
import type { Config, SourceFile } from './config.ts';
import type { LoadResult } from './load.ts';
import type { ConfigProblem } from './problem.ts';
import type { Env } from './substitute.ts';

/** What made Cronflow read the configuration. */
export interface ReloadCause {
  because: string;
  /** Whoever asked for it over the API; null for anything else. */
  by: Actor | null;
  /** Tells whether an instance that shares the store was faster, so that the configuration must not be applied. */
  isOvertaken: (standing: Standing) => boolean;
}

/** What a reloader needs beside others, where instances share a store. */
export interface SharedConfiguration {
  /** Returns which configuration stands; null where none does. */
  standing: () => Promise<Standing | null>;
  /** Returns its files. */
  files: () => Promise<readonly SourceFile[]>;
  /** Called once this instance runs on a configuration that it did not apply. */
  onAdopted: (config: Config) => void;
  /** Called with whether this instance is unable to read the configuration that stands. */
  onBehind: (isBehind: boolean) => void;
}

/** The result of one reload. */
export type ReloadResult =
  | { status: 'applied'; config: Config; plan: Plan }
  /** The content is the same as at the last load, so nothing was done. */
  | { status: 'unchanged' }
  | { status: 'refused'; problem: ConfigProblem };

export interface ReloaderOptions {
  path: string;
  env: Env;
  clock: Clock;
  logger: Logger;
  /** The files of the last good revision; empty when nothing is stored. */
  stored: readonly SourceFile[];
  /** Refuses to start on anything but a valid file. */
  strict?: boolean;
  /** Computes the changes that a configuration would make, without making them. */
  plan: (config: Config) => Promise<Plan>;
  /**
   * Applies a configuration. When it throws, the reloader tries again. Nothing has changed then or, where instances
   * share a store, some jobs have, and the others follow.
   * @returns null where another instance was faster
   */
  apply: (config: Config, cause: ReloadCause) => Promise<Plan | null>;
  /** Absent where no other instance uses the store. */
  shared?: SharedConfiguration;
  /**
   * Called at a start whose configuration is valid and could not be stored, so that whatever needs no store can
   * follow it.
   */
  onUnstored?: (config: Config) => void;
  /** Called once for each distinct problem, after all that can be applied was applied. */
  onProblem?: (problem: ConfigProblem) => void | Promise<void>;
  /** Called with the problem that there was, when the file and the running configuration are the same again. */
  onResolved?: (problem: ConfigProblem) => void | Promise<void>;
  /** Called after each reload with its result and how long it took, in milliseconds. */
  onReloaded?: (result: ReloadResult['status'], durationMs: number) => void;
  /** False reloads only on demand. */
  watch?: boolean;
  /** The file as it is being read already; absent where `start` shall begin to. */
  reading?: Promise<LoadResult>;
}
