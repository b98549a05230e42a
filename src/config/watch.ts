import { dirname, join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { type Clock, sleep } from '../clock.ts';
import type { Logger } from '../observe/log.ts';
import { placesOf, type Watched } from './directories.ts';
import { expandIncludes } from './include.ts';
import { type Beside, currentFingerprint } from './sources.ts';
import { errorText } from '../core/model/errors.ts';
import { MINUTE_MS } from '../schedule/units.ts';

const STABLE_MS = 500;
const POLL_MS = 30_000;
/** A file that keeps changing for this long is worth a line in the log. */
const UNSTABLE_MS_MAX = MINUTE_MS;

export interface WatchOptions {
  path: string;
  clock: Clock;
  logger: Logger;
  /** Fingerprint of the last load; null when there was none. */
  seen: string | null;
  /** The items of the file's `include`, whose files are watched too. */
  includes?: readonly string[];
  /** The files that hold secrets, which are watched too. */
  secrets?: readonly string[];
  /** Called once for every content that differs from the one before and has been stable. */
  onChange: () => void;
  stableMs?: number;
  pollMs?: number;
  /** False leaves it to the poll alone to find changes, for tests of the poll. */
  useEvents?: boolean;
}

export interface ConfigWatcher {
  /** Looks now; a change that it finds is reported as usual. */
  check(): void;
  /**
   * Watches other files beside the main one from now on.
   * @param seen fingerprint of the last load with them; null reports their content once all of it is stable
   */
  follow(beside: Beside, seen: string | null): void;
  close(): Promise<void>;
}

/**
 * Watches the content of a file, of those it includes and of those that hold its secrets (docs/design.md §5). Events
 * only say when to look. A change counts when the SHA-256 is another and has been the same for 500 ms, so it matters
 * little how a file is saved. A slow poll sees what events miss, as on network file systems. A file that disappears
 * has changed, too.
 */
export function watchConfig(options: WatchOptions): ConfigWatcher {
  const watcher = new Watcher(options);
  watcher.check();
  return watcher;
}

class Watcher implements ConfigWatcher {
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  #seen: string | null;
  #beside: Beside;
  /** True when something may have changed since the content was last read. */
  #hinted = false;
  /** The look that is under way. */
  #looking: Promise<void> | null = null;
  #cancelPoll: () => void = () => {};
  #watched: Watched | null = null;
  #events: FSWatcher | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#seen = options.seen;
    this.#beside = { includes: options.includes ?? [], secrets: options.secrets ?? [] };
    this.#poll();
  }

  check(): void {
    this.#hinted = true;
    if (this.#looking !== null || this.#stop.signal.aborted) return;
    this.#looking = this.#lookWhileHinted()
      .catch((error: unknown) => {
        this.#options.logger.error('cannot watch the configuration', { error: errorText(error) });
      })
      .finally(() => {
        this.#looking = null;
      });
  }

  follow(beside: Beside, seen: string | null): void {
    this.#beside = beside;
    this.#seen = seen;
    this.check();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelPoll();
    await this.#looking;
    await this.#events?.close();
  }

  #poll(): void {
    this.#cancelPoll = this.#options.clock.after(this.#options.pollMs ?? POLL_MS, () => {
      this.check();
      this.#poll();
    });
  }

  async #lookWhileHinted(): Promise<void> {
    while (this.#hinted && !this.#stop.signal.aborted) {
      this.#hinted = false;
      const fingerprint = await this.#restingFingerprint();
      if (this.#stop.signal.aborted) return;
      if (fingerprint !== this.#seen) {
        this.#seen = fingerprint;
        this.#options.onChange();
      }
      if (this.#options.useEvents !== false) await this.#follow();
    }
  }

  /** Returns the fingerprint once it has been the same for 500 ms, or at once when it is the known one. */
  async #restingFingerprint(): Promise<string> {
    const { path, clock, logger, stableMs = STABLE_MS } = this.#options;
    const startedAtMs = clock.monotonic();
    let warned = false;
    let fingerprint = await currentFingerprint(path, this.#beside);
    while (fingerprint !== this.#seen && !this.#stop.signal.aborted) {
      await sleep(clock, stableMs, this.#stop.signal);
      this.#hinted = false;
      const again = await currentFingerprint(path, this.#beside);
      if (again === fingerprint) break;
      fingerprint = again;
      if (!warned && clock.monotonic() - startedAtMs > UNSTABLE_MS_MAX) {
        logger.warn('the configuration keeps changing; it is read once it rests', { file: path });
        warned = true;
      }
    }
    return fingerprint;
  }

  /** Watches the places that matter now, because links may point elsewhere and directories may be new ones. */
  async #follow(): Promise<void> {
    const { includes, secrets } = this.#beside;
    const { files, directories } = await expandIncludes(this.#options.path, includes);
    const paths = [this.#options.path, ...files.map((file) => file.path), ...secrets];
    const watched = await placesOf(paths, directories);
    if (watched.identity === this.#watched?.identity || this.#stop.signal.aborted) return;
    this.#watched = watched;
    const previous = this.#events;
    this.#events = this.#listen(watched);
    await previous?.close();
  }

  #listen({ directories, entries, searched }: Watched): FSWatcher {
    const { path, logger, pollMs = POLL_MS } = this.#options;
    const matters = (entry: string): boolean => entries.has(entry) || searched.has(dirname(entry));
    const events = watch([...directories], {
      ignored: (candidate) => !directories.has(candidate) && !matters(candidate),
      ignoreInitial: true,
      followSymlinks: false,
      depth: 0,
    });
    const look = (): void => this.check();
    // Raw events count, too, because chokidar drops an event where the times look unchanged, and may not see a
    // swapped link.
    events.on('raw', (_, name, details) => {
      const { watchedPath } = details as { watchedPath?: string };
      if (!name || watchedPath === undefined || matters(watchedPath) || matters(join(watchedPath, name)))
        look();
    });
    events.on('all', look);
    // One more look finds what changed before the watch was in place.
    events.on('ready', look);
    events.on('error', (error) => {
      const everySeconds = pollMs / 1_000;
      logger.warn('file events fail; the configuration is polled', {
        file: path,
        every_s: everySeconds,
        error: errorText(error),
      });
    });
    return events;
  }
}
