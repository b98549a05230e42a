import type { Declaration } from '../../src/core/model/declaration.ts';
import type { Store } from '../../src/store/store.ts';
import type { Happening, Script } from './script.ts';
import { MemoryDisk } from './system/disk.ts';
import { System } from './system/system.ts';
import { Dice } from './world/dice.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';

const START_AT = Date.UTC(2025, 2, 10);
const GRACE_MS = 5 * MINUTE_MS;
const MAX_RUNTIME_MS = 30 * MINUTE_MS;
const ALL = { skip: 0, limit: 10_000_000 };

/** The number of jobs and of days; one run in `troubleIn` goes wrong. */
export interface MonthOptions {
  jobs: number;
  days: number;
  troubleIn: number;
}

/** Sums up what was recorded and told of a stretch of time. `tellings` are lines in alphabetical order. */
interface Ledger {
  outcomes: Record<string, number>;
  /** The number of runs and rows of history, also of those trimmed since. */
  rows: number;
  incidents: number;
  open: number;
  tellings: string[];
}

/** One job as it should be seen. Every slot of it has been settled before the next one comes. */
class ExpectedJob {
  readonly name: string;
  readonly outcomes: string[] = [];
  readonly tellings: string[] = [];
  rows = 0;
  isOpen = false;
  #hasReported = false;
  #isMissing = false;

  constructor(name: string) {
    this.name = name;
  }

  start(): void {
    this.rows += 1;
    this.#hasReported = true;
    this.#isMissing = false;
  }

  /** Counts a miss. Misses in a row are one row of history. */
  miss(at: number): void {
    if (!this.#isMissing) this.rows += 1;
    this.#isMissing = true;
    this.#goWrong('missed', this.#hasReported ? 'missed' : 'never_seen', at);
  }

  hang(at: number): void {
    this.#goWrong('timeout', 'timeout', at);
  }

  end(exitCode: number, at: number): void {
    if (exitCode !== 0) return this.#goWrong('failure', 'exit_code', at);
    this.outcomes.push('success');
    if (this.isOpen) this.tellings.push(`${this.name} closed ${at}`);
    this.isOpen = false;
  }

  #goWrong(outcome: string, reason: string, at: number): void {
    this.outcomes.push(outcome);
    if (!this.isOpen) this.tellings.push(`${this.name} opened ${reason} ${at}`);
    this.isOpen = true;
  }
}

/**
 * Makes hourly jobs, each at a minute of its own, that start a little early or late and run for up to 20 minutes. Some
 * fail, some hang and some never run. What should come of a job is known as soon as its pings are made.
 */
class Month {
  readonly script: Script;
  readonly #jobs: ExpectedJob[];
  readonly #troubleIn: number;
  readonly #dice = new Dice(1);
  pings = 0;

  constructor({ jobs, days, troubleIn }: MonthOptions) {
    this.#jobs = Array.from({ length: jobs }, (_, number) => new ExpectedJob(`job-${number}`));
    this.#troubleIn = troubleIn;
    const declared = this.#jobs.map(({ name }, number): [string, Declaration] => [
      name,
      { schedule: `${number % 60} * * * *`, grace: '5m', max_runtime: '30m' },
    ]);
    this.script = {
      start_at: START_AT,
      end_at: START_AT + days * DAY_MS,
      replay_window_ms: 15 * MINUTE_MS,
      notifiers: ['ops'],
      jobs: Object.fromEntries(declared),
      happenings: [],
    };
  }

  /** Makes the pings in their order as they are asked for, because a month of them does not fit well into memory. */
  *happenings(): Generator<Happening> {
    let waiting: Happening[] = [];
    for (let hourAt = START_AT; hourAt <= this.script.end_at; hourAt += HOUR_MS) {
      for (const [number, job] of this.#jobs.entries()) {
        const slotAt = hourAt + (number % 60) * MINUTE_MS;
        if (slotAt > START_AT && slotAt < this.script.end_at) waiting.push(...this.#slot(job, slotAt));
      }
      waiting.sort((a, b) => a.at - b.at);
      // The pings of the next hour may start a little early.
      const isBefore = ({ at }: Happening): boolean => at < hourAt + HOUR_MS - MINUTE_MS;
      const later = waiting.findIndex((happening) => !isBefore(happening));
      const ready = later < 0 ? waiting : waiting.slice(0, later);
      waiting = later < 0 ? [] : waiting.slice(later);
      this.pings += ready.length;
      yield* ready;
    }
  }

  expected(): Ledger {
    const jobs = this.#jobs;
    const tellings = jobs.flatMap((job) => job.tellings).sort();
    const outcomes: Record<string, number> = {};
    for (const job of jobs)
      for (const outcome of job.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return {
      outcomes,
      rows: jobs.reduce((sum, job) => sum + job.rows, 0),
      incidents: tellings.filter((line) => line.includes(' opened ')).length,
      open: jobs.filter((job) => job.isOpen).length,
      tellings,
    };
  }

  /** Lets one slot take its course up to the end. An instant is judged when it is over. */
  #slot(job: ExpectedJob, slotAt: number): Happening[] {
    const dice = this.#dice;
    const { end_at: endAt } = this.script;
    const fate = dice.int(1, this.#troubleIn) > 1 ? 'runs' : dice.pick(['fails', 'hangs', 'misses']);
    if (fate === 'misses') {
      if (slotAt + GRACE_MS < endAt) job.miss(slotAt + GRACE_MS);
      return [];
    }
    const startedAt = slotAt + dice.int(-20_000, 50_000);
    const endedAt = startedAt + dice.int(1_000, 20 * MINUTE_MS);
    if (startedAt >= endAt) return [];
    const rid = `${job.name}.${slotAt}`;
    const start: Happening = { at: startedAt, type: 'ping', job: job.name, ping: { kind: 'start', rid } };
    job.start();
    if (fate === 'hangs' && startedAt + MAX_RUNTIME_MS < endAt) job.hang(startedAt + MAX_RUNTIME_MS);
    if (fate === 'hangs' || endedAt >= endAt) return [start];
    const exitCode = fate === 'fails' ? 1 : 0;
    job.end(exitCode, endedAt);
    const ping = { kind: 'success', rid, exit_code: exitCode } as const;
    return [start, { at: endedAt, type: 'ping', job: job.name, ping }];
  }
}

/** Sums up what the store holds after a month. */
async function ledgerOf(store: Store): Promise<Ledger> {
  const { items: jobs } = await store.listJobs(ALL);
  const outcomes: Record<string, number> = {};
  for (const { id } of jobs) {
    for (const day of (await store.daysOf(id, ALL)).items)
      for (const [outcome, count] of Object.entries(day.outcomes))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  const { items: deliveries } = await store.deliveries(ALL);
  const tellings = deliveries.map(({ kind, facts }) =>
    kind === 'opened'
      ? `${facts.job_name} opened ${facts.reason} ${facts.at}`
      : `${facts.job_name} ${kind} ${facts.at}`,
  );
  return {
    outcomes,
    rows: jobs.reduce((sum, job) => sum + job.state.run_count, 0),
    incidents: (await store.incidents(ALL)).total,
    open: (await store.incidents({ ...ALL, open: true })).total,
    tellings: tellings.sort(),
  };
}

export interface PlayedMonth {
  pings: number;
  seconds: number;
  expected: Ledger;
  found: Ledger;
}

/** Plays a month through the real core, checker, ingest and memory store, every beat and sleep included. */
export async function playMonth(options: MonthOptions): Promise<PlayedMonth> {
  const month = new Month(options);
  const disk = new MemoryDisk({ freeze: false });
  const system = new System(month.script, { disk, everyBeat: true, records: false });
  const startedMs = performance.now();
  await system.begin();
  for (const happening of month.happenings()) await system.happen(happening);
  await system.end();
  const seconds = (performance.now() - startedMs) / 1000;
  return { pings: month.pings, seconds, expected: month.expected(), found: await ledgerOf(system.store) };
}
