import { signal } from '@preact/signals';
import type { Job } from '../../cli/api-types.ts';

type ToWords = (expression: string) => string;

/** What writes a schedule in words; null until it is loaded, which is not before a schedule is shown. */
const toWords = signal<ToWords | null>(null);
let isLoading = false;

/** Says when a job runs: in words, or as it is declared where there are none for it or they are not there yet. */
export function scheduleWords({ schedule, every }: Pick<Job, 'schedule' | 'every'>): string {
  if (schedule === null) return every === null ? 'at any time' : `every ${every}`;
  void load();
  try {
    return toWords.value?.(schedule) ?? schedule;
  } catch {
    return schedule;
  }
}

async function load(): Promise<void> {
  if (isLoading) return;
  isLoading = true;
  try {
    const { toString: written } = await import('cronstrue');
    toWords.value = (expression) => written(expression, { use24HourTimeFormat: true, verbose: false });
  } catch {
    // Without words the expression itself is shown, and the next schedule tries again.
    isLoading = false;
  }
}
