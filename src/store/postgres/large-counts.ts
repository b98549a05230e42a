import type { Clock } from '../../clock.ts';
import type { Status } from '../../core/model/reasons.ts';
import type { DeliveryStatus } from '../../core/model/records.ts';
import type { DeliveryCounts, DeliveryFilter, JobFilter } from '../store.ts';
import type { AnswerRow } from './database.ts';

/** What is counted among more than so many is counted anew only once in a while. */
const LARGE_MIN = 20_000;
const JOBS_KEPT_MS = 10_000;
const DELIVERIES_KEPT_MS = 60_000;

/** Counts the jobs of each status. */
type StatusCounts = ReadonlyMap<Status, number>;

/** The number of deliveries to a notifier that have a status. */
interface StatusCount {
  notifier: string;
  status: DeliveryStatus;
  count: number;
  /** The instant since when the oldest of them is owed. */
  oldest_at: number | null;
}

/** Keeps a count of many for a while, because to count them takes as long as there are many. */
class Kept<T> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #keptMs: number;
  #value: T | undefined;
  #untilMs = -Infinity;
  #isLarge = false;

  constructor(clock: Pick<Clock, 'monotonic'>, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  /** Says that there are so many that a count of them is kept. */
  get isLarge(): boolean {
    return this.#isLarge;
  }

  noteSize(total: number): void {
    if (total > LARGE_MIN) this.#isLarge = true;
  }

  /** Returns what was counted last; undefined where it has to be counted. */
  get value(): T | undefined {
    return this.#isLarge && this.#clock.monotonic() < this.#untilMs ? this.#value : undefined;
  }

  /** Keeps what was counted, if it is about so many. */
  put(value: T, size: number): T {
    this.#isLarge = size > LARGE_MIN;
    [this.#value, this.#untilMs] = [value, this.#clock.monotonic() + this.#keptMs];
    return value;
  }
}

/** Statuses of which an index has the jobs, because few have them. */
const FEW: ReadonlySet<Status> = new Set(['failure', 'missed', 'timeout', 'paused']);

/** How the database is asked for counts. */
interface Counting {
  byStatus: () => Promise<AnswerRow[]>;
  unfinished: () => Promise<AnswerRow[]>;
  /** Counts the unfinished and the finished deliveries at one instant. */
  deliveries: () => Promise<readonly AnswerRow[][]>;
}

/**
 * Counts of what a large store has many of. A dashboard, a list and the metrics ask for them again and again, and to
 * count millions of rows each time would keep the database busy. What is few is counted at each call.
 */
export class LargeCounts {
  readonly #counting: Counting;
  readonly #jobs: Kept<StatusCounts>;
  readonly #finished: Kept<readonly StatusCount[]>;

  constructor(clock: Pick<Clock, 'monotonic'>, counting: Counting) {
    this.#counting = counting;
    this.#jobs = new Kept(clock, JOBS_KEPT_MS);
    this.#finished = new Kept(clock, DELIVERIES_KEPT_MS);
  }

  /** Notes how many jobs or deliveries were counted. */
  noteJobs(total: number): void {
    this.#jobs.noteSize(total);
  }

  noteDeliveries(total: number): void {
    this.#finished.noteSize(total);
  }

  /** Returns the number of jobs that a filter selects; null where it has to be counted. */
  async jobs({ status, incident, tag, group, q }: JobFilter): Promise<number | null> {
    const isOther = [incident, tag, group, q].some((each) => each !== undefined);
    if (!this.#jobs.isLarge || isOther || status === undefined || FEW.has(status)) return null;
    const counts = this.#jobs.value ?? (await this.#countJobs());
    return counts.get(status) ?? 0;
  }

  /** Returns the number of deliveries that a filter selects; null where it has to be counted. */
  async deliveries({ status, notifier, incident_id: incidentId }: DeliveryFilter): Promise<number | null> {
    const isFew = status === 'pending' || status === 'dead' || incidentId !== undefined;
    if (!this.#finished.isLarge || isFew) return null;
    return (await this.#countDeliveries())
      .filter((each) => (status ?? each.status) === each.status)
      .filter((each) => (notifier ?? each.notifier) === each.notifier)
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** Counts the deliveries of each notifier by status. */
  async byNotifier(): Promise<DeliveryCounts[]> {
    const counts = new Map<string, DeliveryCounts>();
    for (const { notifier, status, count, oldest_at: oldestAt } of await this.#countDeliveries()) {
      const none = { pending: 0, sent: 0, logged: 0, dead: 0, oldest_pending_at: null };
      const known = counts.get(notifier) ?? { notifier, ...none };
      known[status] = count;
      if (status === 'pending') known.oldest_pending_at = oldestAt;
      counts.set(notifier, known);
    }
    return [...counts.values()].sort((a, b) => (a.notifier < b.notifier ? -1 : 1));
  }

  async #countJobs(): Promise<StatusCounts> {
    const rows = await this.#counting.byStatus();
    const counts = new Map(rows.map(({ status, count }) => [status as Status, count as number]));
    return this.#jobs.put(counts, sumOf([...counts.values()]));
  }

  async #countDeliveries(): Promise<readonly StatusCount[]> {
    const kept = this.#finished.value;
    if (kept !== undefined) return [...countsIn(await this.#counting.unfinished()), ...kept];
    const [unfinished, finished] = (await this.#counting.deliveries()).map(countsIn) as [
      StatusCount[],
      StatusCount[],
    ];
    this.#finished.put(finished, sumOf(finished.map(({ count }) => count)));
    return [...unfinished, ...finished];
  }
}

function countsIn(rows: readonly AnswerRow[]): StatusCount[] {
  return rows as unknown as StatusCount[];
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
