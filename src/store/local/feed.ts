import type { Job } from '../../core/model/records.ts';
import { type Change, type ChangeListener, CONFIGURATION_KEY } from '../store.ts';
import { type Changes, TABLE_NAMES, type TableName } from './changes.ts';
import { jobIdOf, type Tables } from './tables.ts';

/** The tables whose records are told of, and what a record of each is called. */
const TOLD: Partial<Record<TableName, 'job' | 'run' | 'incident' | 'delivery'>> = {
  jobs: 'job',
  runs: 'run',
  incidents: 'incident',
  deliveries: 'delivery',
};

/** Tells listeners what was committed, in a turn of its own, so that none fails or delays the commit. */
export class Feed {
  readonly #listeners = new Set<ChangeListener>();
  readonly #onError: (error: unknown) => void;

  /** @param onError is told of a listener that failed */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  watch(listener: ChangeListener): () => void {
    // A listener that is added twice is told twice, and ended one by one.
    const own: ChangeListener = (changes) => listener(changes);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /**
   * Tells of a commit that is durable. It costs nothing while nobody listens.
   * @param tables the records as the commit left them
   */
  tell(changes: Changes, tables: Tables): void {
    if (this.#listeners.size > 0) this.pass(changesOf(changes, (id) => tables.jobById(id)));
  }

  /** Tells of changes, be they of this instance or of another one. */
  pass(told: readonly Change[]): void {
    if (told.length === 0) return;
    for (const listener of this.#listeners) queueMicrotask(() => this.#call(listener, told));
  }

  #call(listener: ChangeListener, changes: readonly Change[]): void {
    if (!this.#listeners.has(listener)) return;
    try {
      const result = listener(changes);
      if (result instanceof Promise) result.catch(this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/**
 * Returns the changes of a commit that are told.
 * @param jobById returns a job as the commit left it
 */
export function changesOf(
  { put, del }: Pick<Changes, 'put' | 'del'>,
  jobById: (id: string) => Job | undefined,
): Change[] {
  const changes: Change[] = [];
  for (const table of TABLE_NAMES) {
    const of = TOLD[table];
    if (of !== undefined) for (const id of del[table] ?? []) changes.push({ type: 'deleted', of, id });
  }
  const jobIds = [...(put.jobs ?? []).map(({ id }) => id), ...(put.states ?? []).map(({ job_id }) => job_id)];
  for (const id of new Set(jobIds)) {
    const job = jobById(id);
    if (job === undefined) continue;
    const { name, removed_at: removedAt, state } = job;
    changes.push({ type: 'job', id, name, due_at: removedAt === null ? state.due_at : null });
  }
  for (const { id, job_id } of put.runs ?? []) changes.push({ type: 'run', id, job_id });
  for (const incident of put.incidents ?? []) {
    const { id, closed_at: closedAt } = incident;
    changes.push({ type: 'incident', id, job_id: jobIdOf(incident), is_open: closedAt === null });
  }
  for (const { id, notifier, status } of put.deliveries ?? [])
    changes.push({ type: 'delivery', id, notifier, status });
  if (put.meta?.some(({ key }) => key === CONFIGURATION_KEY) === true)
    changes.push({ type: 'configuration' });
  return changes;
}
