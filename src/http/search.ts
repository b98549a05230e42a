import { setImmediate } from 'node:timers/promises';
import type { Job, Row } from '../core/model/records.ts';
import { runPlaceOf } from '../store/run-place.ts';
import type { AllRunsFilter, RunPlace } from '../store/store.ts';
import type { Services } from './services.ts';

/** The search asks the store for so many rows at a time. */
const ROWS_AT_A_TIME = 500;
/** So many outputs are looked at in one go. Then requests that wait have their turn. */
const OUTPUTS_IN_ONE_GO = 8;
/** So much is shown of the line that has the text. */
const LINE_LENGTH_MAX = 200;

/** A run whose output has the text. */
interface Found {
  job: Job;
  row: Row;
  /** The first line of the output that has it. */
  line: string;
}

/** What a search has found, and how far it got. */
export interface Searched {
  items: Found[];
  /** The place after which to go on; null where everything was looked at. */
  next: RunPlace | null;
  outputCount: number;
  bytes: number;
}

/**
 * Looks for a text in the outputs of runs, those that began last first. It ends when it has found enough, or has read so
 * many bytes or looked for so long that whoever waits should hear how far it got. It looks at one output at least, so
 * that a search which is taken up again and again comes to its end.
 * @param search.text is found in any case
 * @param search.isGone tells that nobody waits for the answer any more
 */
export async function searchOutputs(
  filter: AllRunsFilter,
  { text, isGone }: { text: string; isGone: () => boolean },
  services: Services,
): Promise<Searched> {
  const { store, clock, limits } = services;
  const wanted = text.toLowerCase();
  const startedMs = clock.monotonic();
  const searched: Searched = { items: [], next: filter.after ?? null, outputCount: 0, bytes: 0 };
  const isOver = (): boolean =>
    isGone() ||
    searched.items.length >= filter.limit ||
    searched.bytes >= limits.searchBytesMax ||
    (searched.outputCount > 0 && clock.monotonic() - startedMs >= limits.searchMsMax);
  for (;;) {
    const after = searched.next === null ? {} : { after: searched.next };
    const { items, next } = await store.runs({ ...filter, ...after, limit: ROWS_AT_A_TIME });
    for (const { job, row } of items) {
      if (isOver()) return searched;
      const output = await textOf(row, services);
      searched.next = runPlaceOf(row);
      if (output === null) continue;
      searched.outputCount += 1;
      searched.bytes += Buffer.byteLength(output);
      const line = lineWith(output, wanted);
      if (line !== null) searched.items.push({ job, row, line });
      if (searched.outputCount % OUTPUTS_IN_ONE_GO === 0) await setImmediate();
    }
    searched.next = next;
    if (next === null || isOver()) return searched;
    await setImmediate();
  }
}

async function textOf(row: Row, { store }: Services): Promise<string | null> {
  if (row.kind === 'slots' || row.output_bytes === 0) return null;
  return (await store.output(row.job_id, row.id))?.text ?? null;
}

/** Returns the first line that has a text, shortened around it; null where none has. */
function lineWith(output: string, wanted: string): string | null {
  const folded = output.toLowerCase();
  const at = folded.indexOf(wanted);
  if (at === -1) return null;
  // A few characters are longer in lower case, and then nobody knows where in the output the place is.
  const text = folded.length === output.length ? output : folded;
  const lineAt = text.lastIndexOf('\n', at) + 1;
  const end = text.indexOf('\n', at);
  const from = Math.max(lineAt, at - LINE_LENGTH_MAX / 4);
  return text.slice(from, Math.min(end === -1 ? text.length : end, from + LINE_LENGTH_MAX)).toWellFormed();
}
