import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import { isOf } from '../../core/model/job-choice.ts';
import type { Job } from '../../core/model/records.ts';
import { SECOND_MS } from '../../schedule/units.ts';
import type { Change, Store } from '../../store/store.ts';
import { type EventFilter, EventReader } from './reader.ts';

/** Changes are collected for so long and sent together, so that pings cost the same however many readers there are. */
const COLLECT_MS = 250;
/** Proxies close connections on which nothing moves for longer, often after 30 or 60 s. */
const BEAT_MS = 15 * SECOND_MS;
/** So many events are kept for readers that come back. */
const KEPT_MAX = 2_000;
const READERS_MAX = 1_000;
const BEAT = Buffer.from(': beat\n\n');

/** An event as it was sent. */
interface Sent {
  number: number;
  text: string;
  /** The job that it is about; null where it is about none, or about one that is gone. */
  job: Job | null;
}

/**
 * Sends the changes of the store to those who listen (docs/design.md §8). An event says what to look at again. Several
 * changes of one thing within a moment are one event.
 */
export class EventHub {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #readers = new Set<EventReader>();
  /** Tells the events of this process from those of an earlier one or another instance, which have numbers of their own. */
  #epoch = '';
  #kept: Sent[] = [];
  #count = 0;
  #collected = new Map<string, Change>();
  #unwatch: (() => void) | null = null;
  #cancelBeat: () => void = () => {};
  #cancelSend: () => void = () => {};
  #isClosed = false;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Adds a reader. It hears first what it missed since the event whose id it knows; where that is not known, it hears
   * `fresh`, which says that it must ask for the state of everything.
   * @param lastId the id of the last event that it heard; empty for a new reader
   * @throws CronflowError `overloaded` where too many listen, `stopping`
   */
  add(
    filter: EventFilter,
    lastId: string,
    mayListen: () => Promise<boolean> = async () => true,
  ): EventReader {
    if (this.#isClosed) throw new CronflowError('stopping', 'Cronflow is stopping. Try again in a moment.');
    if (this.#readers.size >= READERS_MAX) {
      const detail = `${READERS_MAX} readers listen to events already, which is as many as are allowed. Close some, or try again later.`;
      throw new CronflowError('overloaded', detail);
    }
    this.#begin();
    const reader = new EventReader(filter, mayListen);
    this.#readers.add(reader);
    reader.stream.once('close', () => this.#readers.delete(reader));
    // The comment makes a proxy pass on the beginning of the answer at once.
    const missed = this.#since(lastId);
    const first = missed === null ? this.#fresh() : textFor(missed, filter);
    reader.send(Buffer.from(`: Cronflow events\n\n${first}`));
    return reader;
  }

  /** Ends all readers, and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch?.();
    this.#cancelBeat();
    this.#cancelSend();
    for (const reader of this.#readers) reader.stream.end();
  }

  /** Listens to the store from the first reader on. Nothing is listened to where nobody ever reads. */
  #begin(): void {
    if (this.#unwatch !== null) return;
    // Another instance may begin at the same instant, and its numbers are others.
    this.#epoch = randomBytes(9).toString('hex');
    this.#unwatch = this.#store.watch((changes) => this.#collect(changes));
    this.#beatLater();
  }

  #beatLater(): void {
    this.#cancelBeat = this.#clock.after(BEAT_MS, () => {
      for (const reader of this.#readers) {
        // While the store cannot tell, nothing is heard from it either.
        void reader.mayListen().then(
          (may) => (may ? reader.send(BEAT) : reader.stream.end()),
          () => reader.send(BEAT),
        );
      }
      this.#beatLater();
    });
  }

  #collect(changes: readonly Change[]): void {
    if (changes.some(({ type }) => type === 'fresh')) {
      this.#cancelSend();
      this.#collected = new Map();
      return this.#forget();
    }
    if (this.#collected.size === 0) this.#cancelSend = this.#clock.after(COLLECT_MS, () => void this.#send());
    for (const change of changes) {
      const id = 'id' in change ? change.id : '';
      const key = change.type === 'deleted' ? `${change.of} ${id}` : `${change.type} ${id}`;
      // The event stands where the thing changed last.
      this.#collected.delete(key);
      this.#collected.set(key, change);
    }
  }

  async #send(): Promise<void> {
    const changes = [...this.#collected.values()];
    this.#collected = new Map();
    let jobs: Map<string, Job>;
    try {
      jobs = await this.#jobsOf(changes);
    } catch {
      return this.#forget();
    }
    const sent = changes.map((change): Sent => {
      this.#count += 1;
      const job = jobs.get(jobIdOf(change) ?? '') ?? null;
      return { number: this.#count, text: this.#text(this.#count, change, job), job };
    });
    this.#kept = [...this.#kept, ...sent].slice(-KEPT_MAX);
    const byFilter = new Map<string, Buffer>();
    for (const reader of this.#readers) {
      const bytes = byFilter.get(reader.filterKey) ?? Buffer.from(textFor(sent, reader.filter));
      byFilter.set(reader.filterKey, bytes);
      if (bytes.length > 0) reader.send(bytes);
    }
  }

  /** Tells all readers to look at everything again, since nobody can say what changed. */
  #forget(): void {
    this.#kept = [];
    this.#count += 1;
    const bytes = Buffer.from(this.#fresh());
    for (const reader of this.#readers) reader.send(bytes);
  }

  async #jobsOf(changes: readonly Change[]): Promise<Map<string, Job>> {
    const ids = new Set(changes.flatMap((change) => jobIdOf(change) ?? []));
    const jobs = await Promise.all(Array.from(ids, (id) => this.#store.jobById(id)));
    return new Map(jobs.flatMap((job): [string, Job][] => (job === undefined ? [] : [[job.id, job]])));
  }

  #text(number: number, change: Change, job: Job | null): string {
    return `id: ${this.#epoch}-${number}\nevent: ${change.type}\ndata: ${JSON.stringify(shownChange(change, job))}\n\n`;
  }

  #fresh(): string {
    return `id: ${this.#epoch}-${this.#count}\nevent: fresh\ndata: {}\n\n`;
  }

  /** Returns the events after one; null where not all of them are kept, or where it is of another process. */
  #since(lastId: string): Sent[] | null {
    const [epoch, number = ''] = lastId.split('-');
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(number)) return null;
    const last = Number(number);
    const oldest = this.#kept[0]?.number ?? this.#count + 1;
    return last > this.#count || last < oldest - 1 ? null : this.#kept.filter((sent) => sent.number > last);
  }
}

function jobIdOf(change: Change): string | null {
  if (change.type === 'job') return change.id;
  return change.type === 'run' || change.type === 'incident' ? change.job_id : null;
}

/** Writes a change for clients, who know jobs by their names. */
function shownChange(change: Change, job: Job | null): object {
  const name = job?.name ?? null;
  switch (change.type) {
    case 'job':
      return { id: change.id, job: change.name, status: job?.state.status ?? null };
    case 'run':
      return { id: change.id, job: name };
    case 'incident':
      return { id: change.id, job: name, is_open: change.is_open };
    case 'delivery':
      return { id: change.id, notifier: change.notifier, status: change.status };
    case 'deleted':
      return { of: change.of, id: change.id };
    case 'configuration':
    case 'fresh':
      return {};
  }
}

/** Joins the events that a filter lets through. One that is about no job goes to those who hear of all jobs. */
function textFor(sent: readonly Sent[], filter: EventFilter): string {
  return sent
    .filter(({ job }) => isSelected(job, filter))
    .map(({ text }) => text)
    .join('');
}

function isSelected(job: Job | null, { job: name, group, tag }: EventFilter): boolean {
  if (name === undefined && group === undefined && tag === undefined) return true;
  return job !== null && (name === undefined || job.name === name) && isOf(job, group, tag);
}
