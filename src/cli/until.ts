import { isDuration } from '../schedule/duration.ts';
import { INSTANT_ALLOWED, parseInstant } from '../schedule/instant.ts';

/** The options that say when something ends. */
export const END_OPTIONS = { for: { type: 'string' }, until: { type: 'string' } } as const;

export interface EndValues {
  for?: string;
  until?: string;
}

/**
 * Reads `--for D` or `--until WHEN` as the API takes it: a duration or an instant. Null where neither was given.
 * @throws Error for both at once, and for what is neither
 */
export function untilOf(values: EndValues): string | null {
  const { for: duration, until } = values;
  if (duration !== undefined && until !== undefined)
    throw new Error('--for and --until both say when it ends; choose one of them');
  if (duration !== undefined && !isDuration(duration))
    throw new Error(`--for ${JSON.stringify(duration)} is not a duration such as 90m, 4h or 2d`);
  // People write a duration behind either.
  if (until !== undefined && !isDuration(until) && parseInstant(until) === undefined)
    throw new Error(`--until ${JSON.stringify(until)} is not an instant: ${INSTANT_ALLOWED}`);
  return duration ?? until ?? null;
}
