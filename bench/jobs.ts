import { applyConfiguration } from '../src/apply/configuration.ts';
import { systemClock } from '../src/clock.ts';
import type { Declaration } from '../src/core/model/declaration.ts';
import type { Ping } from '../src/core/model/records.ts';
import { JobIngest } from '../src/ingest/job-ingest.ts';
import type { Store } from '../src/store/store.ts';

/** Everything is declared at this instant. A benchmark takes place in the minutes after it, in which no slot is due. */
export const START_AT = Date.UTC(2026, 0, 1, 0, 0, 1);
/** A job with this schedule is never due in the time of a benchmark. */
const YEARLY: Declaration = { schedule: '0 0 1 1 *' };

/** Declares `job-0` and so on, as a file does. */
export async function declareJobs(
  store: Store,
  count: number,
  declarationOf: (number: number) => Declaration = () => YEARLY,
): Promise<void> {
  const jobs = Array.from({ length: count }, (_, number) => ({
    name: `job-${number}`,
    place: { file: 'cronflow.yaml', line: number + 1 },
    declared: declarationOf(number),
    declaration: declarationOf(number),
  }));
  const files = [{ path: 'cronflow.yaml', text: '' }];
  const globals = { notifiers: ['ops'], replayWindowMs: 900_000 };
  await applyConfiguration(store, { revision: 'one', files, defaults: {}, globals, jobs }, START_AT);
}

/** The clients of the jobs of a store, all of whose runs start and end well. */
export class Clients {
  readonly #ingest: JobIngest;
  readonly #jobs: number;
  #sent = 0;

  /** @param jobs the number of declared jobs that report, one after the other */
  constructor(store: Store, jobs: number) {
    this.#ingest = new JobIngest({ store, clock: systemClock, onRefusal: () => {} });
    this.#jobs = jobs;
  }

  /** Sends the next ping. Each job sends a start and an end in turns. */
  async ping(): Promise<void> {
    const number = this.#sent;
    this.#sent += 1;
    const round = Math.floor(number / this.#jobs);
    const rid = `r${Math.floor(round / 2)}`;
    await this.#ingest.ping(`job-${number % this.#jobs}`, pingOf(round % 2 === 0, rid, START_AT + number));
  }
}

export function pingOf(isStart: boolean, rid: string, receivedAt: number): Ping {
  return {
    kind: isStart ? 'start' : 'success',
    received_at: receivedAt,
    delay_ms: 0,
    rid,
    exit_code: isStart ? null : 0,
    signal: null,
    duration_ms: null,
    host: 'web1',
    output: null,
    output_dropped_bytes: 0,
  };
}
