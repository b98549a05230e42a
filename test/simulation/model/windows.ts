import type { Declaration } from '../../../src/core/model/declaration.ts';
import { compileCron } from '../../../src/schedule/cron.ts';
import { parseDuration } from '../../../src/schedule/duration.ts';
import { parseInstantIn } from '../../../src/schedule/instant.ts';

type MaintenanceItem = NonNullable<Declaration['maintenance']>[number];

export interface Windows {
  /**
   * Returns the end of the window that holds the instant, together with windows that overlap it or follow at once, or
   * null if none holds it.
   */
  endOf(at: number): number | null;
  /**
   * Returns the first instant that lies in no window, `grace` after each window on the way. It is the instant itself if
   * that is free.
   */
  afterOf(at: number): number;
}

/** A row of more windows than this never ends. */
const WINDOWS_MAX = 2_000;

export function windowsOf(items: readonly MaintenanceItem[], timezone: string, graceMs: number): Windows {
  const singles = items.map((item) => endOfSingle(item, timezone));
  const endOf = (at: number): number | null => {
    let end: number | null = null;
    for (let count = 0; count < WINDOWS_MAX; count += 1) {
      const probe = end ?? at;
      const ends = singles.map((single) => single(probe)).filter((one) => one !== null);
      if (ends.length === 0) return end;
      end = Math.max(...ends);
    }
    return Number.POSITIVE_INFINITY;
  };
  const afterOf = (at: number): number => {
    let free = at;
    for (let count = 0; count < WINDOWS_MAX; count += 1) {
      const end = endOf(free);
      if (end === null) return free;
      free = end + graceMs;
      if (free === Number.POSITIVE_INFINITY) return free;
    }
    return Number.POSITIVE_INFINITY;
  };
  return { endOf, afterOf };
}

function endOfSingle(item: MaintenanceItem, jobZone: string): (at: number) => number | null {
  const { schedule, duration, from, to, timezone = jobZone } = item;
  if (schedule === undefined || duration === undefined) {
    const fromAt = instantOf(from, timezone);
    const toAt = instantOf(to, timezone);
    return (at) => (fromAt <= at && at < toAt ? toAt : null);
  }
  const cron = compileCron(schedule, timezone);
  const durationMs = parseDuration(duration);
  return (at) => {
    const slot = cron.previous(at);
    return slot !== null && at < slot + durationMs ? slot + durationMs : null;
  };
}

function instantOf(text: string | undefined, timezone: string): number {
  const at = parseInstantIn(text ?? '', timezone);
  if (at === undefined) throw new Error(`no instant: ${text}`);
  return at;
}
