import { systemClock } from '../../clock.ts';
import { applyEvent } from '../../apply/events.ts';
import { putSystemChange } from '../../apply/system-change.ts';
import { initialState } from '../../core/job/transition.ts';
import type { Declaration } from '../../core/model/declaration.ts';
import type { Delivery, Job, Ping } from '../../core/model/records.ts';
import { DEFAULT_GLOBALS, specOf } from '../../core/model/spec.ts';
import { openTrouble } from '../../core/system/incidents.ts';
import { silentLogger } from '../../observe/log.ts';
import { openStore } from '../../store/open/open-store.ts';
import type { Store, Tx } from '../../store/store.ts';
import { messageOf } from '../message/compose.ts';
import { type MergedItem, mergedMessageOf } from '../message/merged.ts';
import type { Message } from '../message/message.ts';
import type { Redact } from '../message/redact.ts';
import { loadContext } from '../sending/context.ts';
import { daysBefore, declaredAgoMs, JOB_STORIES, type JobStory, STORM, SYSTEM_STORIES } from './stories.ts';

export type SampleEvent = keyof typeof JOB_STORIES | keyof typeof SYSTEM_STORIES | 'storm';

/** The events that have a sample. */
export const SAMPLE_EVENTS = [
  ...Object.keys({ ...JOB_STORIES, ...SYSTEM_STORIES }),
  'storm',
] as SampleEvent[];

const EXAMPLE: Actor = { id: 'test', name: 'example-job', group: null };
const DESCRIPTION = 'A test sent by cronflow test-notify. Nothing is wrong, and there is nothing to do.';

/** The job that a story is about. */
interface Actor {
  id: string;
  name: string;
  group: string | null;
}

/** The facts from which a sample is written. */
export interface SampleParts {
  /** Name of the notifier that is told. */
  notifier: string;
  /** The `defaults` of the configuration; the zone, the owner and the mentions of the sample are theirs. */
  defaults: Declaration;
  publicUrl: string | null;
  redact: Redact;
  host: string;
  nowAt: number;
}

/** The messages of an event that never happened, written as those of a real one. */
export interface Sample {
  opening: Message;
  /**
   * Writes the message that follows the opening; null for events that the opening alone tells of.
   * @param receipt the notifier's answer to the opening, if that was sent
   */
  following: ((receipt: string | null) => Message) | null;
}

/**
 * Plays a made-up story through the state machine over a store of its own, and writes the messages that it owes. Each
 * title says that it is a test, and no id is one that a real delivery could have. All samples to a notifier share the
 * id of the incident, so that one can close the alert that another has opened.
 */
export async function sampleOf(event: SampleEvent, parts: SampleParts): Promise<Sample> {
  if (event === 'storm') return { opening: await stormMessage(parts), following: null };
  const store = await openStore('memory:', { clock: systemClock, log: silentLogger });
  const trouble = Object.hasOwn(SYSTEM_STORIES, event)
    ? SYSTEM_STORIES[event as keyof typeof SYSTEM_STORIES]
    : null;
  if (trouble !== null) {
    const audience = { notify: [parts.notifier], remindEveryMs: null };
    await store.transact({ system_incidents: true }, (tx) =>
      putSystemChange(tx, openTrouble([], trouble, audience, parts.nowAt)),
    );
    return { opening: await messageFor(store, 'opened', parts), following: null };
  }
  const story: JobStory = JOB_STORIES[event as keyof typeof JOB_STORIES];
  await store.transact({ all: true }, (tx) => play(tx, EXAMPLE, story, parts));
  const opening = await messageFor(store, 'opened', parts);
  if (story.tells === 'opened') return { opening, following: null };
  const following = await messageFor(store, story.tells, parts);
  return {
    opening,
    following: (receipt) => ({
      ...following,
      opening: receipt === null ? null : { receipt, isMerged: false, said: opening },
    }),
  };
}

function play(
  tx: Tx,
  { id, name, group }: Actor,
  story: JobStory,
  { notifier, defaults, host, nowAt }: SampleParts,
): void {
  const { timezone = 'UTC', owner, mention, runbook } = defaults;
  const declaration: Declaration = {
    every: '1d',
    grace: '5m',
    timezone,
    description: DESCRIPTION,
    notify: [notifier],
    ...(owner === undefined ? {} : { owner }),
    ...(mention === undefined ? {} : { mention }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(group === null ? {} : { group }),
    ...story.declared,
  };
  const declaredAt = nowAt - declaredAgoMs(story);
  const job: Job = {
    id,
    name,
    source: 'api',
    place: null,
    declared: declaration,
    declaration,
    created_at: declaredAt,
    updated_at: declaredAt,
    removed_at: null,
    state: initialState(specOf(name, declaration, DEFAULT_GLOBALS), declaredAt),
  };
  tx.putJob(job);
  for (const { agoMs, ping } of [...daysBefore(story), ...story.steps]) {
    const at = nowAt - agoMs;
    const current = tx.jobById(id) ?? job;
    if (ping === null) {
      applyEvent(tx, current, { type: 'tick', now_at: at });
      continue;
    }
    const { run_id: runId } = applyEvent(tx, current, { type: 'ping', ping: pingOf(ping, host, at) });
    const output = ping.output ?? null;
    if (runId !== null && output !== null) tx.putOutput(id, runId, { text: output, dropped_bytes: 0 });
  }
}

function pingOf(fields: Partial<Ping>, host: string, at: number): Ping {
  const nothing = { delay_ms: 0, rid: null, exit_code: null, signal: null, duration_ms: null };
  const received = { received_at: at, host, output: null, output_dropped_bytes: 0 };
  return { kind: 'log', ...nothing, ...received, ...fields };
}

/** Writes the one message of a storm, which lists all jobs (docs/design.md §7, Storms). */
async function stormMessage(parts: SampleParts): Promise<Message> {
  const { notifier, nowAt, publicUrl, redact } = parts;
  const store = await openStore('memory:', { clock: systemClock, log: silentLogger });
  await store.transact({ all: true }, (tx) => {
    for (const { story, ...actor } of STORM) play(tx, { id: actor.name, ...actor }, story, parts);
  });
  const { items } = await store.deliveries({ skip: 0, limit: STORM.length });
  const told = await Promise.all(
    items.reverse().map(async (delivery): Promise<MergedItem> => ({
      delivery,
      incident: (await store.incident(delivery.incident_id)) ?? null,
      job: delivery.job_id === null ? null : ((await store.jobById(delivery.job_id)) ?? null),
      closing: null,
    })),
  );
  const message = mergedMessageOf(told, { nowAt, publicUrl, deadCount: 0, redact });
  const deliveryId = `test-${notifier}.${nowAt}.storm`;
  return { ...asTest(message), deliveryId, incidentId: `test-${notifier}` };
}

function asTest(message: Message): Message {
  return { ...message, title: `TEST ${message.title}`, description: message.description ?? DESCRIPTION };
}

async function messageFor(store: Store, kind: Delivery['kind'], parts: SampleParts): Promise<Message> {
  const { notifier, publicUrl, nowAt, redact } = parts;
  const { items } = await store.deliveries({ skip: 0, limit: 10 });
  const delivery = items.find((each) => each.kind === kind);
  if (delivery === undefined) throw new Error(`A story ended without a message of kind ${kind}: a bug`);
  // The opening is written for the instant at which it would have been sent.
  const around = {
    nowAt: kind === 'opened' ? delivery.facts.at : nowAt,
    publicUrl,
    closing: null,
    deadCount: 0,
    redact,
  };
  const context = await loadContext(store, delivery, around);
  const incidentId = `test-${notifier}`;
  const message = messageOf(
    { ...delivery, id: `${incidentId}.${nowAt}.${kind}`, incident_id: incidentId },
    { ...context, incident: context.incident === null ? null : { ...context.incident, id: incidentId } },
  );
  return asTest(message);
}
