import type { LoggedEvent } from '../model/event.ts';
import { Replay, type ReplayStart } from '../replay/replay.ts';
import { compareIncidents, type IncidentChange, type Respecified } from './backtest.ts';

/** Replays a job under the spec in force and under another, so that its incidents can be compared. */
export class BothReplays {
  readonly #before: Replay;
  /** Null for a job that would be removed. */
  readonly #after: Replay | null;

  /** @param start the state in which both begin; null for a job that was not declared then */
  constructor({ job, running, next }: Respecified, start: ReplayStart | null) {
    this.#before = new Replay(job.id, start, running);
    this.#after = next === null ? null : new Replay(job.id, start, next);
  }

  /** Tells both what the log has. */
  apply(event: LoggedEvent): void {
    this.#before.apply(event);
    this.#after?.apply(event);
  }

  /** Lets the time up to an instant pass, such as the end of the log. */
  pass(nowAt: number): void {
    this.#before.pass(nowAt);
    this.#after?.pass(nowAt);
  }

  /** Returns the incidents that would have been others. Those that were over by `sinceAt` are left out. */
  changes(sinceAt: number): IncidentChange[] {
    return compareIncidents(this.#before.incidents(), this.#after?.incidents() ?? [], sinceAt);
  }
}
