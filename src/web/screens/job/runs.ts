import { useSignal } from '@preact/signals';
import type { Run } from '../../../cli/api-types.ts';
import { ask, askNext } from '../../api/client.ts';
import { useResource } from '../../live/resource.ts';

export interface Runs {
  /** The newest first. */
  items: readonly Run[];
  total: number;
  isLoading: boolean;
  error: Error | null;
  /** Loads what comes after these; null at the end. */
  more: (() => Promise<void>) | null;
}

const PAGE = 100;

/** The history of a job: its newest page, which stays right, and older ones where somebody asked for them. */
export function useRuns(job: string): Runs {
  const older = useSignal<{ items: Run[]; next: string | null } | null>(null);
  const failed = useSignal<Error | null>(null);
  const loaded = useResource(
    `runs ${job}`,
    (signal) => ask('get_runs', { params: { name: job }, query: { limit: PAGE }, signal }),
    (change) => change.type === 'run' && change.job === job,
  );
  const { data, error, isLoading } = loaded.value;
  const first = data?.body ?? [];
  const next = older.value === null ? (data?.next ?? null) : older.value.next;
  const known = new Set(first.map(({ id }) => id));
  const items = [...first, ...(older.value?.items ?? []).filter(({ id }) => !known.has(id))];
  const more = async (): Promise<void> => {
    if (next === null) return;
    try {
      const answer = await askNext('get_runs', next, { name: job });
      older.value = { items: [...items.slice(first.length), ...answer.body], next: answer.next };
      failed.value = null;
    } catch (caught) {
      failed.value = caught as Error;
    }
  };
  return {
    items,
    total: Math.max(data?.total ?? 0, items.length),
    isLoading,
    error: error ?? failed.value,
    more: next === null ? null : more,
  };
}
