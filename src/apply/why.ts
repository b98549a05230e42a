import { deliveryIdOf, type DeliverySuffix } from '../core/model/delivery-id.ts';
import type { Delivery, Job, JobIncident } from '../core/model/records.ts';
import { type Globals, specOf } from '../core/model/spec.ts';
import { Account, neededFrom } from '../core/why/account.ts';
import type { Why } from '../core/why/explanation.ts';
import { isDuration, parseDuration } from '../schedule/duration.ts';
import { parseInstantIn } from '../schedule/instant.ts';
import { wallTime } from '../schedule/wall-time.ts';
import { DAY_MS } from '../schedule/units.ts';
import { readAgain } from '../store/read-again.ts';
import type { Past, PastLimits, Store } from '../store/store.ts';
import { replayStartOf } from './replay-start.ts';

/** Of many reminders only the latest are told. */
const REMINDERS_MAX = 3;

/** What an explanation is read from: a store, or the files of one. */
export interface WhySource {
  past(jobId: string, fromAt: number, limits: PastLimits): Promise<Past>;
  /** Returns the messages of a job with these ids, as far as they are kept. */
  deliveries(jobId: string, ids: readonly string[]): Promise<readonly Delivery[]>;
}

/** Returns the source that a store is. */
export function sourceOf(store: Pick<Store, 'past' | 'view'>): WhySource {
  return {
    past: (jobId, fromAt, limits) => store.past(jobId, fromAt, limits),
    deliveries: (jobId, ids) =>
      store.view({ ids: [jobId], delivery_ids: ids }, (view) =>
        ids.map((id) => view.delivery(id)).filter((each): each is Delivery => each !== undefined),
      ),
  };
}

/** Tells people which texts `instantAskedAbout` takes. */
export const ASKED_ALLOWED =
  'a time of day such as 02:05, a local time such as 2026-12-24 18:00, an instant such as 2026-12-24T17:00Z, or a time ago such as 2h';

/**
 * Reads the instant that people ask about.
 * @param timezone the zone of the job, in which local times are
 * @returns undefined for a text that is none of what is allowed
 */
export function instantAskedAbout(text: string, nowAt: number, timezone: string): number | undefined {
  if (isDuration(text)) return nowAt - parseDuration(text);
  if (!/^\d\d?:\d\d(:\d\d)?$/.test(text)) return parseInstantIn(text, timezone);
  const time = text.padStart(text.length + (text.indexOf(':') === 1 ? 1 : 0), '0');
  // A time of day is the last one that has been.
  return [0, DAY_MS]
    .map((agoMs) => parseInstantIn(`${wallTime(nowAt - agoMs, timezone).date} ${time}`, timezone))
    .find((at) => at === undefined || at <= nowAt);
}

/**
 * Explains from the log of commits why a job was as it was at an instant (docs/design.md §10, `why`).
 * @param globals those in force now
 * @throws CronflowError `overloaded`, `store_damaged`
 */
export async function explain(
  source: WhySource,
  job: Job,
  { at, nowAt, globals, limits }: { at: number; nowAt: number; globals: Globals; limits: PastLimits },
): Promise<Why> {
  const spec = specOf(job.name, job.declaration, globals);
  const fromAt = neededFrom(spec, at);
  const account = await readAgain(async () =>
    accountOf(job, await source.past(job.id, fromAt, limits), { at, nowAt }),
  );
  const ids = account.incidents().flatMap(deliveryIdsOf);
  return account.explain(ids.length === 0 ? [] : await source.deliveries(job.id, ids));
}

/** Reads the events of a past up to where they explain an instant no further. */
async function accountOf(
  job: Job,
  past: Past,
  { at, nowAt }: { at: number; nowAt: number },
): Promise<Account> {
  const timezone = job.declaration.timezone ?? 'UTC';
  const account = new Account(
    {
      job_id: job.id,
      name: job.name,
      timezone,
      at,
      now_at: nowAt,
      log_from_at: past.log_from_at,
      is_removed: past.begin !== null && past.begin.job.removed_at !== null,
    },
    past.begin === null ? null : replayStartOf(past.begin, past.begin_at),
  );
  for await (const { at: committedAt, event } of past.events()) {
    if (committedAt > account.untilAt) break;
    account.apply(event);
  }
  account.end();
  return account;
}

/** Returns the ids of the messages about an incident: each notifier's first, its latest reminders, and its last. */
function deliveryIdsOf({ id, told, reminder_count: reminders }: JobIncident): string[] {
  const latest = Array.from(
    { length: Math.min(reminders, REMINDERS_MAX) },
    (_, i) => reminders - i,
  ).reverse();
  const suffixes: DeliverySuffix[] = ['opened', ...latest.map((n) => `reminder.${n}` as const), 'closed'];
  return told.flatMap((notifier) => suffixes.map((suffix) => deliveryIdOf(id, notifier, suffix)));
}
