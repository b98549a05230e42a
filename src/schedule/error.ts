/** The part of a schedule that a `ScheduleError` is about. */
export type ScheduleField =
  | 'second'
  | 'minute'
  | 'hour'
  | 'day-of-month'
  | 'month'
  | 'day-of-week'
  | 'expression'
  | 'timezone'
  | 'duration';

/** Refuses a schedule, a zone or a duration, and says which part is wrong, what it said and what is allowed. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly field: ScheduleField;
  /** The refused text, as it was written. */
  readonly value: string;
  /** The text that would be accepted in its place, e.g. `0-23`. */
  readonly allowed: string;
  /** The nearest known word, if one is near enough to be meant. */
  readonly suggestion: string | undefined;

  constructor(field: ScheduleField, value: string, problem: string, allowed: string, suggestion?: string) {
    const hint = suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`;
    super(`${field} ${JSON.stringify(value)} ${problem}: ${allowed}${hint}`);
    this.field = field;
    this.value = value;
    this.allowed = allowed;
    this.suggestion = suggestion;
  }
}
