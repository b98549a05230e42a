import { CronflowError } from '../../core/model/errors.ts';
import { instantOf, type LoggedEvent } from '../../core/model/event.ts';
import type { Past, PastEvent } from '../store.ts';
import type { Changes } from './changes.ts';
import { pastRecordsIn } from './past-records.ts';
import { Tables } from './tables.ts';

/** After this many events the log goes on from the records as they are then. */
const EVENTS_MAX = 10_000;
/** So many such beginnings are kept, with the events after them. */
const STRETCHES_MAX = 3;

/** The records at one instant, and the events since. */
interface Stretch {
  from_at: number;
  begin: Tables;
  events: { job_id: string; at: number; event: LoggedEvent }[];
}

/** The log of commits of a store in memory. It dates a commit by its event, because such a store has no clock. */
export class MemoryLog {
  #stretches: Stretch[] = [];

  /**
   * Adds the events of a commit.
   * @param tables the records before the commit
   */
  add(events: Changes['events'], tables: Tables): void {
    const first = events[0];
    if (first === undefined) return;
    const last = this.#stretches.at(-1);
    if (last === undefined || last.events.length >= EVENTS_MAX) {
      const begin = new Tables();
      const put: Record<string, unknown[]> = {};
      for (const { table, record } of tables.snapshot()) (put[table] ??= []).push(record);
      begin.apply({ put, del: {}, events: [] });
      this.#stretches = [
        ...this.#stretches.slice(1 - STRETCHES_MAX),
        { from_at: instantOf(first.event), begin, events: [] },
      ];
    }
    const { events: logged } = this.#stretches.at(-1)!;
    for (const { job_id, event } of events) logged.push({ job_id, at: instantOf(event), event });
  }

  /** Opens the log as `Store.past` says. */
  past(jobId: string, fromAt: number, bytesMax: number): Past {
    const [oldest] = this.#stretches;
    if (oldest === undefined) return { log_from_at: 0, begin_at: 0, begin: null, events: eventsOf([]) };
    const index = Math.max(
      0,
      this.#stretches.findLastIndex((stretch) => stretch.from_at <= fromAt),
    );
    const { from_at, begin } = this.#stretches[index]!;
    const all = this.#stretches.slice(index).flatMap((stretch) => stretch.events);
    const found = all.filter((each) => each.job_id === jobId).map(({ at, event }) => ({ at, event }));
    if (JSON.stringify(found).length > bytesMax)
      throw new CronflowError('overloaded', `The log of this job has more than ${bytesMax} bytes.`);
    return {
      log_from_at: oldest.from_at,
      begin_at: from_at,
      begin: pastRecordsIn(begin, jobId),
      events: eventsOf(found),
    };
  }
}

function eventsOf(events: readonly PastEvent[]): Past['events'] {
  return async function* () {
    yield* events;
  };
}
