import { compileCron } from '../schedule/cron.ts';
import { offsetMsAt } from '../schedule/zone.ts';

/** The slots that are asked for. */
export interface Question {
  schedule: string;
  timezone: string;
  afterMs: number;
  count: number;
}

/**
 * Returns the slots.
 * @throws ScheduleError
 */
export function slotsOf({ schedule, timezone, afterMs, count }: Question): number[] {
  const cron = compileCron(schedule, timezone);
  const slots: number[] = [];
  let slotMs = cron.next(afterMs);
  while (slotMs !== null) {
    slots.push(slotMs);
    if (slots.length === count) break;
    slotMs = cron.next(slotMs);
  }
  return slots;
}

/** Writes a slot for people: the local time and UTC. */
export function slotText(timezone: string, slotMs: number): string {
  return `${local(timezone, slotMs)}  ${utcOf(slotMs)}`;
}

export function utcOf(ms: number): string {
  return new Date(ms).toISOString();
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Writes an instant in local time, such as `Sun 2024-03-10 03:30:00 -04:00`. */
function local(timezone: string, ms: number): string {
  const offsetMs = offsetMsAt(timezone, ms);
  const shown = new Date(ms + offsetMs);
  const offset = new Date(Math.abs(offsetMs)).toISOString().slice(11, 16);
  const [date, time] = [shown.toISOString().slice(0, 10), shown.toISOString().slice(11, 19)];
  return `${WEEKDAYS[shown.getUTCDay()]} ${date} ${time} ${offsetMs < 0 ? '-' : '+'}${offset}`;
}
