/** Writes an instant in ISO 8601 UTC, without milliseconds where there are none. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
