import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../core/model/audit.ts';
import { CronflowError, errorText, type Fault } from '../core/model/errors.ts';
import type { Plan } from '../core/plan/plan.ts';
import { isOvertaken, type Standing } from '../core/plan/standing.ts';
import { jobsAsStored } from '../core/plan/stored-jobs.ts';
import { isRefusal } from '../store/backlog.ts';
import { byAndBy } from '../store/by-and-by.ts';
import { logApplied } from './applied-log.ts';
import type { Config, SourceFile } from './config.ts';
import { FilesRead, filesOf } from './files-read.ts';
import { invalidConfigError, loadConfig, loadStored, type LoadResult } from './load.ts';
import { type ConfigProblem, heldProblem, overtakenProblem, problemOf, type Telling } from './problem.ts';
import { internalFault } from './read.ts';
import type { ReloadCause, ReloaderOptions, ReloadResult } from './reloading.ts';
import type { Beside } from './sources.ts';
import { type ConfigWatcher, watchConfig } from './watch.ts';

const APPLY_RETRY_MS = 5_000;

interface Request {
  /** The revision whose removals were confirmed. */
  confirm?: string;
  /** True for the watcher, which need not read again content that was read already. */
  ifChanged?: boolean;
  /** The cause of the reload, for the log. */
  because?: string;
  /** Whoever asked for it over the API. */
  by?: Actor;
}

/**
 * Keeps the running configuration the same as that of the file: validate, plan, swap (docs/design.md §5). Reloads
 * never overlap; a change during a reload leads to another one. A file that cannot be applied changes nothing and is
 * reported.
 */
export class ConfigReloader {
  readonly #options: ReloaderOptions;
  #current: Config | null = null;
  /** False after a start whose configuration the store refused. */
  #isCurrentStored = true;
  /** The last configuration that was read, if the store refused it. */
  #refused: Config | null = null;
  /** The configuration that is being applied here. */
  #swapping: Config | null = null;
  #problem: ConfigProblem | null = null;
  /** The configuration that stood when it was last looked at, where instances share the store. */
  #standing: Standing | null = null;
  /** True while this instance cannot read the configuration that stands. */
  #isBehind = false;
  /** The revision of the file that was last dealt with: applied, followed or refused. */
  #settledRevision: string | null = null;
  /** The revision that the reload under way was asked to apply whatever stands. */
  #confirmed: string | undefined = undefined;
  /** The `redact` patterns of the last good configuration, for messages about another one. */
  #patterns: readonly string[] = [];
  /** The cause of the reload under way. */
  #because = 'start';
  #by: Actor | null = null;
  /** The files as they were read last. */
  readonly #files = new FilesRead();
  /**
   * The fingerprint of the last load, good or bad. Null makes the next look load the file again although nothing
   * changed.
   */
  #fingerprint: string | null = null;
  /** The included files and secrets of the last load. */
  #beside: Beside = { includes: [], secrets: [] };
  #queue: Promise<unknown> = Promise.resolve();
  #isWatchReloadQueued = false;
  #watcher: ConfigWatcher | null = null;
  #cancelRetry: () => void = () => {};
  #closed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** The configuration that runs; null before `start`. */
  get current(): Config | null {
    return this.#current;
  }

  /** The revision of the file on disk; null where it is not valid. */
  get diskRevision(): string | null {
    return this.#files.revision;
  }

  /** The configuration that stands in the store that instances share; null where none do. */
  get standing(): Standing | null {
    return this.#standing;
  }

  /**
   * Tells whether a job of this name, which the store does not have, is declared all the same: the store has refused
   * its declaration so far, or the configuration that declares it is being applied, here or at another instance.
   */
  isUnstored(name: string): boolean {
    const isFollowed = this.#current !== null && this.#standing?.revision === this.#current.revision;
    const isAwaited = isFollowed || !this.#isCurrentStored;
    const configs = [this.#refused, this.#swapping, isAwaited ? this.#current : null];
    return configs.some((config) => config?.jobs.some((job) => job.name === name) ?? false);
  }

  /** The reason why the file is not what runs; null while it is. */
  get problem(): ConfigProblem | null {
    return this.#problem;
  }

  /**
   * Loads and applies the file, or else the stored revision, and begins to watch.
   * @param request `confirm` is the revision of a file that may remove most jobs
   * @throws CronflowError `config_invalid` with all faults, or `config_held`, when there is nothing to run on or the
   * start is strict; and any error of `apply` but a refusal of the store. After a refusal the configuration runs as
   * far as it needs no store, and storing it is tried again.
   */
  async start(request: { confirm?: string } = {}): Promise<Config> {
    const { path, env, strict = false, reading = loadConfig(path, env) } = this.#options;
    const loaded = await reading;
    this.#files.noteFirst(loaded);
    this.#fingerprint = loaded.fingerprint;
    this.#beside = besideOf(loaded);
    // The last good revision is loaded before anything is said about a broken file, because it says what must not be
    // shown.
    const good = loaded.ok ? null : await this.#lastGood();
    this.#confirmed = request.confirm;
    const overtaken = loaded.ok ? await this.#overtaken(loaded.config) : null;
    const problem = loaded.ok
      ? (overtaken ?? (await this.#problemOfPlan(loaded.config, request.confirm)))
      : this.#invalid(loaded);
    if (loaded.ok && overtaken !== null) await this.#startBehind(loaded.config, overtaken);
    else if (loaded.ok && problem === null) await this.#startOn(loaded.config);
    else if (problem !== null) {
      const stored = loaded.ok && !strict ? await this.#lastGood() : good;
      await this.#startOnStored(loaded, problem, strict ? null : stored);
    }
    this.#watch();
    if (this.#current === null) throw new Error('started without a configuration');
    return this.#current;
  }

  /**
   * Reads the file again, at once. SIGHUP and `POST /config/reload` call this.
   * @param request `confirm` is the revision of a file that may remove most jobs
   */
  reload(request: { confirm?: string; because?: string; by?: Actor } = {}): Promise<ReloadResult> {
    return this.#enqueue(request);
  }

  /** Follows the configuration that stands, where another instance applied it. */
  async follow(): Promise<void> {
    const followed = this.#queue.then(() => (this.#closed ? undefined : this.#follow()));
    this.#queue = followed.catch(() => {});
    await followed;
  }

  /** Stops watching and waits for a reload that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#watcher?.close();
    await this.#queue;
  }

  #watch(): void {
    const { path, clock, logger, watch = true } = this.#options;
    if (!watch || this.#closed) return;
    const onChange = (): void => this.#reloadSoon();
    const seen = this.#fingerprint;
    this.#watcher = watchConfig({ path, clock, logger, seen, ...this.#beside, onChange });
  }

  /**
   * Queues a reload for which nobody awaits an answer. One in the queue is enough, because it reads what is there
   * when it runs.
   */
  #reloadSoon(): void {
    if (this.#isWatchReloadQueued || this.#closed) return;
    this.#isWatchReloadQueued = true;
    this.#enqueue({ ifChanged: true }).catch((error: unknown) => {
      this.#options.logger.error('cannot reload the configuration', { error: errorText(error) });
    });
  }

  #enqueue(request: Request): Promise<ReloadResult> {
    const result = this.#queue.then(() => {
      if (request.ifChanged === true) this.#isWatchReloadQueued = false;
      if (this.#closed) throw new CronflowError('stopping', 'Cronflow is stopping. Try again in a moment.');
      return this.#reload(request);
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  /**
   * Reloads, and reports any exception as a problem, because people would not hear of a failure that only the log
   * has.
   */
  async #reload(request: Request): Promise<ReloadResult> {
    const startedMs = this.#options.clock.monotonic();
    const result = await this.#reloadOrRefuse(request);
    this.#options.onReloaded?.(result.status, this.#options.clock.monotonic() - startedMs);
    return result;
  }

  async #reloadOrRefuse(request: Request): Promise<ReloadResult> {
    try {
      return await this.#loadAndApply(request);
    } catch (error) {
      const fault = internalFault(this.#options.path, error);
      return this.#refuse(this.#problemOf('config_invalid', [fault], []));
    }
  }

  async #loadAndApply(request: Request): Promise<ReloadResult> {
    const { path, env } = this.#options;
    this.#by = request.by ?? null;
    this.#confirmed = request.confirm;
    this.#because = request.because ?? (request.ifChanged === true ? 'the files changed' : 'asked for');
    const loaded = await loadConfig(path, env);
    if (request.ifChanged === true && loaded.fingerprint === this.#fingerprint)
      return { status: 'unchanged' };
    const beside = besideOf(loaded);
    const areFilesNew = !isDeepStrictEqual(beside, this.#beside);
    this.#beside = beside;
    if (request.ifChanged === true && areFilesNew) {
      // The new set of files has not been watched yet, so one of them may be half written. The watcher waits until
      // they rest.
      this.#watcher?.follow(beside, null);
      return { status: 'unchanged' };
    }
    this.#watcher?.follow(beside, loaded.fingerprint);
    this.#fingerprint = loaded.fingerprint;
    this.#files.note(loaded);
    this.#cancelRetry();
    this.#refused = null;
    if (!loaded.ok) {
      await this.#storeRunning();
      return this.#refuse(this.#invalid(loaded));
    }
    try {
      const overtaken = await this.#overtaken(loaded.config);
      if (overtaken !== null) return await this.#stayBehind(loaded.config, overtaken);
      const problem = await this.#problemOfPlan(loaded.config, request.confirm);
      if (problem !== null) {
        await this.#storeRunning();
        this.#settledRevision = loaded.config.revision;
        return await this.#refuse(problem);
      }
      const plan = await this.#swap(loaded.config);
      if (plan === null) return await this.#stayBehind(loaded.config, this.#overtakenProblem(loaded.config));
      this.#settledRevision = loaded.config.revision;
      return { status: 'applied', config: loaded.config, plan };
    } catch (error) {
      // The store may have changed after the plan was made.
      const isInvalid = error instanceof CronflowError && error.code === 'config_invalid';
      if (isInvalid) return this.#refuse(this.#problemOf('config_invalid', error.faults, filesOf(loaded)));
      if (isRefusal(error)) this.#refused = loaded.config;
      return this.#refuse(this.#retryLater(error));
    }
  }

  /** Loads the stored revision, if it is still valid. */
  async #lastGood(): Promise<Config | null> {
    const { env, stored } = this.#options;
    const good = stored.length === 0 ? null : await loadStored(stored, env);
    if (good?.ok !== true) return null;
    this.#patterns = good.config.redact;
    return good.config;
  }

  async #startOnStored(loaded: LoadResult, problem: ConfigProblem, good: Config | null): Promise<void> {
    const { logger, strict = false } = this.#options;
    if (good !== null) {
      await this.#startOn(good);
      await this.#refuse(problem);
      logger.warn('started on the last good configuration', { revision: good.revision });
    } else if (!loaded.ok) {
      throw invalidConfigError(loaded, this.#patterns);
    } else if (strict || problem.code !== 'config_held') {
      throw new CronflowError(problem.code, problem.text, { faults: problem.faults });
    } else {
      // The change is held and there is nothing else to run on. To watch fewer jobs is better than to watch none.
      logger.warn('applied a change that is held otherwise: there is no earlier configuration to run on', {
        detail: problem.text,
      });
      await this.#startOn(loaded.config);
    }
  }

  /**
   * Starts on a configuration even if the store refuses it: with a full disk people must still be told, and pings
   * must be refused in a way that makes them come again.
   */
  async #startOn(config: Config): Promise<void> {
    try {
      const plan = await this.#swap(config);
      if (plan === null) return await this.#startBehind(config, this.#overtakenProblem(config));
      this.#settledRevision = this.#files.revision;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#current = config;
      this.#isCurrentStored = false;
      this.#patterns = config.redact;
      this.#options.onUnstored?.(config);
      await this.#refuse(this.#retryLater(error));
    }
  }

  /** Stores the running configuration, if the start could not, because the file may hold another one by now. */
  async #storeRunning(): Promise<void> {
    if (this.#current === null || this.#isCurrentStored) return;
    try {
      await this.#options.apply(this.#current, this.#causeOf(this.#current));
      this.#isCurrentStored = true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#retryLater(error);
    }
  }

  #causeOf({ revision }: Config): ReloadCause {
    const candidate = { revision, before: this.#settledRevision, confirmed: this.#confirmed };
    const isLate = (standing: Standing): boolean => isOvertaken(standing, candidate);
    return { because: this.#because, by: this.#by, isOvertaken: isLate };
  }

  /** Returns the problem of a configuration that another instance has replaced; null for any other. */
  async #overtaken(config: Config): Promise<ConfigProblem | null> {
    const { shared } = this.#options;
    if (shared === undefined) return null;
    this.#standing = await shared.standing();
    const isLate = this.#standing !== null && this.#causeOf(config).isOvertaken(this.#standing);
    return isLate ? this.#overtakenProblem(config) : null;
  }

  /** Starts on the configuration that stands, although the file has another one. */
  async #startBehind(config: Config, problem: ConfigProblem): Promise<void> {
    await this.#adopt();
    if (this.#current === null) {
      // What stands cannot be read here. All but messages goes by the store.
      this.#current = config;
      this.#patterns = config.redact;
      this.#options.shared?.onAdopted(config);
    }
    await this.#stayBehind(config, problem);
  }

  /** Goes on with the configuration that stands, which is not that of the file. */
  async #stayBehind(config: Config, problem: ConfigProblem): Promise<ReloadResult> {
    this.#settledRevision = config.revision;
    await this.#follow();
    return this.#isBehind ? { status: 'refused', problem: this.#problem ?? problem } : this.#refuse(problem);
  }

  async #follow(): Promise<void> {
    const { shared } = this.#options;
    this.#standing = (await shared?.standing()) ?? null;
    const { revision } = this.#standing ?? {};
    if (revision === undefined) return;
    if (revision !== this.#current?.revision || this.#isBehind) await this.#adopt();
    if (this.#isBehind) return;
    const isAboutThis = this.#problem?.isLag === true || this.#problem?.revision === revision;
    if (this.#files.revision === revision && isAboutThis) await this.#resolve();
    else if (this.#files.revision !== null && this.#files.revision !== revision && this.#problem === null) {
      const { redact = [] } = this.#current ?? {};
      await this.#refuse(
        this.#overtakenProblem({ ...this.#current!, revision: this.#files.revision, redact }),
      );
    }
  }

  /**
   * Runs on the configuration that stands. Its text is stored, and secrets are not, so it is read with those of this
   * instance.
   */
  async #adopt(): Promise<void> {
    const { shared, env, logger } = this.#options;
    if (shared === undefined) return;
    const loaded = await loadStored(await shared.files(), env);
    if (!loaded.ok) return this.#fallBehind(loaded);
    const { config } = loaded;
    this.#current = config;
    this.#isCurrentStored = true;
    this.#patterns = config.redact;
    logger.info('follows the configuration that another instance applied', { revision: config.revision });
    shared.onAdopted(config);
    if (!this.#isBehind) return;
    this.#isBehind = false;
    shared.onBehind(false);
    await this.#resolve();
  }

  /** Leaves messages to the others, because this instance does not know whom to tell. */
  async #fallBehind(loaded: Extract<LoadResult, { ok: false }>): Promise<void> {
    const found = this.#invalid(loaded);
    const text =
      `The configuration that another instance applied (revision ${this.#standing?.revision}) cannot be read here, ` +
      `so this instance sends no messages until it can:\n${found.text}`;
    this.#isBehind = true;
    this.#options.shared?.onBehind(true);
    await this.#refuse({ ...found, text, isLag: true });
  }

  /** Looks what stands now, as far as the store tells. */
  async #lookWhatStands(): Promise<void> {
    const { shared } = this.#options;
    if (shared !== undefined) this.#standing = await shared.standing().catch(() => this.#standing);
  }

  async #resolve(): Promise<void> {
    const problem = this.#problem;
    this.#problem = null;
    if (problem !== null) await this.#call(() => this.#options.onResolved?.(problem));
  }

  /** Returns the reason not to apply a valid configuration to what is stored, or null. */
  async #problemOfPlan(config: Config, confirmed: string | undefined): Promise<ConfigProblem | null> {
    const plan = await this.#options.plan(config);
    // It was begun before, so the plan is about the rest of it, and nobody has to confirm that.
    if (this.#standing?.revision === config.revision) return null;
    if (plan.faults.length === 0)
      return confirmed === config.revision ? null : heldProblem(config, plan, this.#telling(config.redact));
    return this.#problemOf('config_invalid', plan.faults, config.files, config.redact);
  }

  #invalid(loaded: Extract<LoadResult, { ok: false }>): ConfigProblem {
    return this.#problemOf('config_invalid', loaded.faults, loaded.files);
  }

  #overtakenProblem(config: Pick<Config, 'revision' | 'redact'>): ConfigProblem {
    return overtakenProblem(config, this.#standing, this.#telling(config.redact));
  }

  /** @param more patterns of the file itself, where it is valid */
  #problemOf(
    code: ConfigProblem['code'],
    faults: readonly Fault[],
    files: readonly SourceFile[],
    more: readonly string[] = [],
  ): ConfigProblem {
    return problemOf(code, { faults, files }, this.#telling(more));
  }

  /** Returns what a problem needs to be told of, so that it shows nothing that an earlier file says to hide. */
  #telling(more: readonly string[]): Telling {
    const { path, clock } = this.#options;
    return { path, redact: [...this.#patterns, ...more], nowAt: clock.now() };
  }

  #retryLater(error: unknown): ConfigProblem {
    const detail = errorText(error);
    this.#fingerprint = null;
    this.#cancelRetry = this.#options.clock.after(APPLY_RETRY_MS, () => this.#reloadSoon());
    const message = `could not be applied, and is tried again: ${detail}`;
    return this.#problemOf('store_unavailable', [{ code: 'store_unavailable', path: '', message }], []);
  }

  /** @returns null where another instance was faster */
  async #swap(config: Config): Promise<Plan | null> {
    this.#swapping = config;
    const applied = this.#options.apply(config, this.#causeOf(config));
    const plan = await applied.finally(() => (this.#swapping = null));
    if (plan === null) return null;
    await this.#lookWhatStands();
    if (this.#isBehind) this.#options.shared?.onBehind(false);
    this.#isBehind = false;
    const redact = [...this.#patterns, ...config.redact];
    // What instances share is not in memory.
    const isShared = this.#options.shared !== undefined;
    const jobs = isShared ? config.jobs : await byAndBy(jobsAsStored(config.jobs, plan));
    this.#current = { ...config, jobs };
    this.#isCurrentStored = true;
    this.#patterns = config.redact;
    const problem = this.#problem;
    this.#problem = null;
    const why = { because: this.#because, files_changed: this.#files.changed ?? undefined };
    await logApplied(this.#options, { config, plan, redact, why });
    if (problem !== null) await this.#call(() => this.#options.onResolved?.(problem));
    return plan;
  }

  async #refuse(problem: ConfigProblem): Promise<ReloadResult> {
    if (this.#problem?.code === problem.code && this.#problem.text === problem.text) {
      return { status: 'refused', problem: this.#problem };
    }
    this.#problem = problem;
    const { logger, path } = this.#options;
    const running = this.#current?.revision ?? null;
    const read = { because: this.#because, files_changed: this.#files.changed ?? undefined };
    logger.error('the configuration is not applied', { file: path, code: problem.code, running, ...read });
    for (const line of problem.text.split('\n')) logger.error(line);
    await this.#call(() => this.#options.onProblem?.(problem));
    return { status: 'refused', problem };
  }

  /** Calls a listener, whose failure must not stop the reloader. */
  async #call(hook: () => void | Promise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#options.logger.error('a listener of the configuration failed', { error: errorText(error) });
    }
  }
}

function besideOf({ includes, secrets }: LoadResult): Beside {
  return { includes, secrets };
}
