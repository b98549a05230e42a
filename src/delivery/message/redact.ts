import { cleanText } from './clean.ts';

/** Hides what the `redact` patterns of the configuration match. */
export type Redact = (text: string) => string;

/** Returns a record whose detail quotes no secrets. */
export function redactDetail<T extends { detail?: string | null }>(record: T, redactText: Redact): T {
  const { detail } = record;
  return detail === undefined || detail === null
    ? record
    : { ...record, detail: redactText(cleanText(detail)) };
}
