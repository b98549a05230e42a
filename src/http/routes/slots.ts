import { setImmediate } from 'node:timers/promises';
import { keptSpecOf } from '../../apply/specs.ts';
import { SlotFold, slotsOfJob, type Stretch, type TimelineSlot } from '../../core/job/timeline.ts';
import type { Job, Row } from '../../core/model/records.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../schedule/units.ts';
import { cursorText, linkNext } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { toWire } from '../answer/wire.ts';

/** A page asks the store for so many jobs at a time. */
const JOBS_AT_A_TIME = 50;
/** The lengths of cells that are chosen from where none is asked for. */
const CELLS_MS = [0, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, DAY_MS];
/** A stretch of time has about so many cells, so that a job every minute is about as many items. */
const CELLS_OF_A_STRETCH = 144;

/** Declares `/slots`: over all jobs, what was and is expected when, and what became of it. */
export function slotRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/slots', scope: 'read', handle: (ctx) => list(ctx, services) }];
}

interface Asked {
  stretch: Stretch;
  foldMs: number;
  limit: number;
  nowAt: number;
  job?: string;
  group?: string;
  tag?: string;
  /** The job and the slot after which the page begins. */
  after?: [name: string, slotAt: number];
}

/** A page as far as it is made, and where the next one begins. */
interface Made {
  items: object[];
  lookedCount: number;
  next: [name: string, slotAt: number] | null;
}

async function list(ctx: HttpContext, services: Services): Promise<void> {
  const wanted = readQuery(ctx, services);
  // A misspelt name must not look like a job of which nothing is expected.
  if (wanted.job !== undefined) await services.jobNamed(wanted.job);
  const made = await pageOf(wanted, services);
  const { fromAt, toAt } = wanted.stretch;
  const cursor = made.next === null ? null : cursorText('slots', made.next);
  linkNext(ctx, cursor, { from: fromAt, to: toAt });
  ctx.body = made.items;
}

function readQuery(ctx: HttpContext, services: Services): Asked {
  const { limits } = services;
  const nowAt = services.clock.now();
  const query = new Query(ctx.querystring, limits);
  const fromAt = query.instant('from', nowAt) ?? nowAt - DAY_MS;
  const toAt = query.instant('to', nowAt, 'ahead') ?? nowAt + DAY_MS / 2;
  if (toAt <= fromAt) query.refuse('to', 'must be after from');
  if (toAt - fromAt > limits.slotsMsMax)
    query.refuse('to', `must be at most ${limits.slotsMsMax / DAY_MS} days after from`);
  const foldMs = query.duration('fold') ?? cellMsFor(toAt - fromAt);
  const limit = query.limit(limits.slotItemsMax, limits.slotItemsDefault);
  const after = query.cursor('slots');
  const filter = { job: query.text('job'), group: query.text('group'), tag: query.text('tag'), after };
  query.done();
  return { stretch: { fromAt, toAt }, foldMs, limit, nowAt, ...asked(filter) };
}

function cellMsFor(stretchMs: number): number {
  return CELLS_MS.findLast((cellMs) => cellMs <= stretchMs / CELLS_OF_A_STRETCH) ?? 0;
}

async function pageOf(wanted: Asked, services: Services): Promise<Made> {
  const made: Made = { items: [], lookedCount: 0, next: null };
  for await (const jobs of jobsOf(wanted, services)) {
    const rows = await rowsOf(jobs, wanted.stretch, services);
    for (const job of jobs) {
      await addSlotsOf(job, rows.get(job.id) ?? [], { wanted, made, services });
      if (made.next !== null) return made;
    }
    await setImmediate();
  }
  return made;
}

/** Lists the jobs of a page by name, some at a time. The job in which the page before ended comes first again. */
async function* jobsOf({ job, group, tag, after }: Asked, { store }: Services): AsyncGenerator<Job[]> {
  const [lastName] = after ?? [];
  const firstName = job ?? lastName;
  const first = firstName === undefined ? undefined : await store.jobByName(firstName);
  if (first !== undefined) yield [first];
  if (job !== undefined) return;
  let name = lastName;
  for (;;) {
    const filter = { skip: 0, limit: JOBS_AT_A_TIME, ...asked({ group, tag, after: name }) };
    const { items } = await store.listJobs(filter);
    if (items.length > 0) yield items;
    if (items.length < JOBS_AT_A_TIME) return;
    name = items.at(-1)!.name;
  }
}

async function rowsOf(
  jobs: readonly Job[],
  { fromAt, toAt }: Stretch,
  { store }: Services,
): Promise<Map<string, Row[]>> {
  const byJob = new Map<string, Row[]>();
  const job_ids = jobs.map(({ id }) => id);
  for (const row of await store.slotRows({ job_ids, from_at: fromAt, to_at: toAt })) {
    const rows = byJob.get(row.job_id) ?? [];
    rows.push(row);
    byJob.set(row.job_id, rows);
  }
  return byJob;
}

/** Adds the slots of one job to a page, up to where the page is full or long enough was looked for. */
async function addSlotsOf(
  job: Job,
  rows: readonly Row[],
  { wanted, made, services }: { wanted: Asked; made: Made; services: Services },
): Promise<void> {
  const { limits } = services;
  const [lastName, lastSlotAt] = wanted.after ?? ['', 0];
  const afterAt = lastName === job.name ? lastSlotAt : -Infinity;
  const spec = keptSpecOf(job.name, job.declaration, services.globals());
  const fold = new SlotFold(wanted.foldMs);
  const add = (folded: ReturnType<SlotFold['end']>): void => {
    if (folded === null) return;
    made.items.push(slotJson(job, folded.slot));
    if (made.items.length >= wanted.limit || made.lookedCount >= limits.slotsLookedAtMax)
      made.next = [job.name, folded.lastFirstAt];
  };
  for (const slot of slotsOfJob(job, spec, rows, wanted.nowAt, wanted.stretch)) {
    if (slot.first_slot_at <= afterAt) continue;
    made.lookedCount += 1;
    add(made.lookedCount >= limits.slotsLookedAtMax ? fold.end() : null);
    if (made.next !== null) return;
    add(fold.add(slot));
    if (made.next !== null) return;
    if (made.lookedCount % limits.slotsInOneGoMax === 0) await setImmediate();
  }
  add(fold.end());
}

function slotJson({ id, name }: Job, slot: TimelineSlot): object {
  return { job_id: id, job_name: name, ...toWire(slot) };
}
