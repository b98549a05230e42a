import { type Clock, sleep } from '../clock.ts';
import { CronflowError } from '../core/model/errors.ts';
import { listenTo, type Server } from './remote.ts';

/** Between two questions at least so long passes, however much changes. */
const ASK_MS_MIN = 1_000;
/** What is shown is drawn again so often, because it says how long ago things were. */
const DRAW_MS = 30_000;
/** After a connection broke, it is tried again after these times; the last one is repeated. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000] as const;

/** The connection to a server that is watched. */
export type Link =
  | { state: 'up' }
  /** The server cannot be heard since then. */
  | { state: 'lost'; since_at: number; why: string };

/** What is watched, and who is told. */
export interface Watched<T> {
  server: Server;
  clock: Clock;
  /** The path of the events, with its query. */
  eventsPath: string;
  /** Asks for the state of everything. */
  ask: () => Promise<T>;
  /** Returns the next instant at which time alone changes what `ask` answers; null where none is near. */
  nextAt: (found: T) => number | null;
  /** Shows what was found last, null before anything was. It is called again whenever something may look otherwise. */
  show: (found: T | null, link: Link) => void;
  /** Ends the watch. */
  signal: AbortSignal;
}

/**
 * Watches a server until the signal: asks for everything once, and again whenever an event says that something changed.
 * A server that is lost is tried again and again, with the id of the last event that was heard.
 * @returns what was found last
 * @throws the error of the first question, and any error that is not about reaching the server
 */
export async function watch<T>(watched: Watched<T>): Promise<T | null> {
  return new Watch(watched).run();
}

class Watch<T> {
  readonly #watched: Watched<T>;
  #found: T | null = null;
  #link: Link = { state: 'up' };
  #lastId = '';
  /** Set when the state of everything has to be asked for. */
  #isDirty = true;
  #wake: () => void = () => {};
  /** Ends the listening when the watch fails by itself. */
  readonly #end = new AbortController();
  #failure: unknown = null;

  constructor(watched: Watched<T>) {
    this.#watched = { ...watched, signal: AbortSignal.any([watched.signal, this.#end.signal]) };
  }

  async run(): Promise<T | null> {
    const { signal, ask } = this.#watched;
    this.#found = await ask();
    this.#show();
    this.#isDirty = false;
    const listening = this.#listen().catch((error: unknown) => {
      this.#failure = error;
      this.#end.abort();
    });
    try {
      while (!signal.aborted) await this.#once();
    } finally {
      this.#end.abort();
      await listening;
    }
    if (this.#failure !== null) throw this.#failure;
    return this.#found;
  }

  /** Waits for something to do, and does it. */
  async #once(): Promise<void> {
    const { clock, signal, ask, nextAt } = this.#watched;
    const nowAt = clock.now();
    const changesAt = this.#found === null ? null : nextAt(this.#found);
    const untilChangeMs = changesAt === null ? Infinity : Math.max(ASK_MS_MIN, changesAt - nowAt + 1);
    if (!this.#isDirty) await this.#waited(Math.min(DRAW_MS, untilChangeMs));
    if (signal.aborted) return;
    const isDue = changesAt !== null && clock.now() > changesAt;
    if (this.#link.state === 'up' && (this.#isDirty || isDue)) {
      this.#isDirty = false;
      try {
        this.#found = await ask();
      } catch (error) {
        // The listener finds the server lost, too, and says so; then all is asked anew.
        this.#isDirty = true;
        if (!isUnreachable(error)) throw error;
      }
    }
    this.#show();
    await sleep(clock, ASK_MS_MIN, signal);
  }

  /** Resolves after that time, or as soon as something happens. */
  #waited(ms: number): Promise<void> {
    const { clock, signal } = this.#watched;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = clock.after(ms, done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #listen(): Promise<void> {
    const { server, clock, eventsPath, signal } = this.#watched;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        for await (const id of listenTo(server, eventsPath, { lastId: this.#lastId, signal })) {
          tries = 0;
          if (id !== '') this.#lastId = id;
          this.#heard();
        }
        this.#lost('it ended the connection');
      } catch (error) {
        if (signal.aborted) return;
        this.#lost(error instanceof Error ? error.message : String(error));
      }
      await sleep(clock, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!, signal);
    }
  }

  #heard(): void {
    this.#link = { state: 'up' };
    this.#isDirty = true;
    this.#wake();
  }

  #lost(why: string): void {
    if (this.#link.state === 'up' && !this.#watched.signal.aborted) {
      this.#link = { state: 'lost', since_at: this.#watched.clock.now(), why };
      this.#isDirty = false;
      this.#show();
    }
  }

  #show(): void {
    if (!this.#watched.signal.aborted) this.#watched.show(this.#found, this.#link);
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CronflowError && error.code === 'unreachable';
}
