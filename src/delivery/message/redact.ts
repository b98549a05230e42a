import { cleanText } from './clean.ts';

/** `redact` with the patterns of the configuration. */
export type Redact = (text: string) => string;

/** A record without the secrets that its detail quotes. */
export function redactDetail<T extends { detail?: string | null }>(record: T, redactText: Redact): T {
  const { detail } = record;
  return detail === undefined || detail === null
    ? record
    : { ...record, detail: redactText(cleanText(detail)) };
}
