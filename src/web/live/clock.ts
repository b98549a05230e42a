import { signal } from '@preact/signals';

/** The present, a second at a time. A component that reads it is drawn anew with it. */
export const nowAt = signal(Date.now());

/** The zone of the reader, in which the dashboard gives instants. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Keeps the present present, for as long as the page is open. */
export function startClock(): void {
  nowAt.value = Date.now();
  setTimeout(startClock, 1_000 - (nowAt.value % 1_000));
}

/** Returns the hour of the day where the reader is. */
export function hourHere(at: number): number {
  return new Date(at).getHours();
}

/** Waits for so long. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
