import type { Job } from './api-types.ts';
import type { Io } from './io.ts';
import { Screen } from './screen.ts';
import { utc } from '../core/text/utc.ts';
import type { View } from './view.ts';
import { viewOf } from './view.ts';
import type { Link } from './watch.ts';
import { cleanLine } from '../delivery/message/clean.ts';

const TEXT_LENGTH_MAX = 300;

/** The part of a status that is watched. */
interface Jobs {
  jobs: readonly Job[];
}

/** Shows a status that is watched: over and over at a terminal, and as lines of what changed to a pipe. */
export interface Shown<T extends Jobs> {
  show(found: T | null, link: Link): void;
  close(): void;
}

/**
 * Returns what shows a status.
 * @param textOf writes the whole of a status for people
 */
export function shownFor<T extends Jobs>(
  io: Io,
  base: string,
  { json, textOf }: { json: boolean; textOf: (found: T, view: View) => string },
): Shown<T> {
  return io.terminal === undefined || json ? new Lines<T>(io, base, json) : new Table<T>(io, base, textOf);
}

class Table<T extends Jobs> implements Shown<T> {
  readonly #io: Io;
  readonly #base: string;
  readonly #textOf: (found: T, view: View) => string;
  readonly #screen: Screen;

  constructor(io: Io, base: string, textOf: (found: T, view: View) => string) {
    this.#io = io;
    this.#base = base;
    this.#textOf = textOf;
    this.#screen = new Screen(io);
  }

  show(found: T | null, link: Link): void {
    const view = viewOf(this.#io);
    const heading = `${this.#base} at ${view.time()}; Ctrl-C ends this`;
    const lost = link.state === 'up' ? '' : `${view.paint('red', lostText(link, view))}\n`;
    this.#screen.draw(
      `${view.paint('dim', heading)}\n${lost}\n${found === null ? '' : this.#textOf(found, view)}`,
    );
  }

  close(): void {
    this.#screen.close();
  }
}

function lostText(link: Link & { state: 'lost' }, view: View): string {
  return cleanLine(
    `The server has been lost since ${view.instant(utc(link.since_at))}: ${link.why}`,
    TEXT_LENGTH_MAX,
  );
}

class Lines<T extends Jobs> implements Shown<T> {
  readonly #io: Io;
  readonly #base: string;
  readonly #json: boolean;
  /** What was told last of each job, by its name. */
  readonly #told = new Map<string, string>();
  #link: Link['state'] = 'up';

  constructor(io: Io, base: string, json: boolean) {
    this.#io = io;
    this.#base = base;
    this.#json = json;
  }

  show(found: T | null, link: Link): void {
    const isTurned = link.state !== this.#link;
    this.#link = link.state;
    if (isTurned && link.state === 'lost') {
      const since = utc(link.since_at);
      const text = `has been lost since ${since}: ${link.why}`;
      this.#line({ lost: { since_at: since, detail: link.why } }, this.#base, text);
    } else if (isTurned) this.#line({ back: true }, this.#base, 'is back');
    if (link.state === 'lost' || found === null) return;
    const names = new Set(found.jobs.map(({ name }) => name));
    for (const job of found.jobs) this.#tell(job);
    for (const name of this.#told.keys()) {
      if (names.has(name)) continue;
      this.#told.delete(name);
      this.#line({ gone: name }, name, 'gone');
    }
  }

  close(): void {}

  #tell(job: Job): void {
    const text = wordsOf(job, this.#io.clock.now());
    if (this.#told.get(job.name) === text) return;
    this.#told.set(job.name, text);
    this.#line({ job }, job.name, text);
  }

  /** Writes a line of three columns: when, who, and what is with it. */
  #line(json: object, who: string, what: string): void {
    const at = utc(this.#io.clock.now());
    const columns = [at, cleanLine(who, TEXT_LENGTH_MAX), cleanLine(what, TEXT_LENGTH_MAX)];
    this.#io.stdout(`${this.#json ? JSON.stringify({ at, ...json }) : columns.join('  ')}\n`);
  }
}

/** Writes how a job is, such as `failure; in trouble: exit_code, 3 times`. A line is told when this changes. */
function wordsOf({ status, late, incident }: Job, nowAt: number): string {
  const what = late ? 'late' : status;
  if (incident === null) return what;
  const times = incident.bad_count > 1 ? `, ${incident.bad_count} times` : '';
  const until = incident.acknowledged_until_at;
  const isAcknowledged = typeof until === 'string' && Date.parse(until) > nowAt;
  const acknowledged = isAcknowledged ? `, acknowledged until ${until}` : '';
  return `${what}; in trouble: ${incident.reason}${times}${acknowledged}`;
}
