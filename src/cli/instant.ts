const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** What `parseInstant` takes, for messages. */
export const INSTANT_ALLOWED = 'ISO 8601 with a zone, such as 2024-03-09T20:17Z or 2024-03-09T21:17:00+01:00';

/**
 * Reads an instant as milliseconds since the Unix epoch; undefined if it is none. Takes ISO 8601 to the
 * minute or finer, and only with `Z` or an offset: without one it would mean another instant on every host.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const number = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number) as Six;
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, fractionMs);
  // Date.UTC takes 30 February for 1 March, and years below 100 for those of the last century.
  const written = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6] ?? '00'}`;
  if (!new Date(localMs).toISOString().startsWith(written)) return undefined;
  if (number(9) > 23 || number(10) > 59) return undefined;
  const offsetMs = (number(9) * 60 + number(10)) * 60_000;
  return match[8] === '-' ? localMs + offsetMs : localMs - offsetMs;
}

type Six = [number, number, number, number, number, number];
