import type { Declaration } from '../../../src/core/model/declaration.ts';
import { slotAfter } from '../../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import type { ScriptedPing } from '../script.ts';
import { periodMsOf } from './declarations.ts';
import type { Dice } from './dice.ts';
import type { Sent, Window } from './network.ts';
import { MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** The client that tells Cronflow of the runs of a job. */
export type Client =
  | 'wrapper'
  /** It is curl with a run id and nothing else. */
  | 'curl_rid'
  | 'anonymous'
  | 'end_only'
  | 'start_only'
  /** It starts with a run id and ends without. */
  | 'careless';

/** The way in which a run goes. */
export type Mood =
  | 'fine'
  | 'failing'
  | 'killed'
  | 'hanging'
  | 'dying'
  | 'slow_start'
  | 'overrunning'
  | 'locked'
  /** The run does not take place. */
  | 'absent';
const TROUBLE: readonly Mood[] = [
  'failing',
  'failing',
  'killed',
  'hanging',
  'dying',
  'slow_start',
  'overrunning',
  'locked',
  'absent',
  'absent',
];

/** A host that runs one job. */
export interface Host {
  job: string;
  client: Client;
  /** The clock of the host is ahead of the server's by this at the start, and `drift` says how much faster it runs. */
  skewMs: number;
  drift: number;
  /** The number of its run ids, which it uses one after the other; null for a new one each time. */
  ridCount: number | null;
  /** The share of runs that go wrong. */
  troubleProbability: number;
  /** The stretches in which one thing goes wrong again and again. */
  episodes: readonly (Window & { mood: Mood })[];
  /**
   * The entries of its crontab, each with its beginning. People change it not quite when they change the declaration.
   */
  crontab: readonly { from_at: number; declaration: Declaration | null }[];
}

/** Returns everything that a host sends in a stretch of time, in the order in which it happens. */
export function pingsOf(host: Host, span: Window, dice: Dice): Sent[] {
  const sent: Sent[] = [];
  let count = 0;
  for (const { at, declaration } of starts(host, span, dice)) {
    count += 1;
    const mood = moodAt(host, at, dice);
    sent.push(...runPings(host, at, declaration, mood, ridOf(host, mood, count), dice));
    if (dice.chance(0.02)) {
      const rerunAt = at + dice.spanMs(MINUTE_MS, 2 * periodMsOf(declaration));
      sent.push(...runPings(host, rerunAt, declaration, 'fine', `${host.job}.${count}.again`, dice));
    }
  }
  return sent.filter(({ at }) => at < span.to_at).sort((a, b) => a.at - b.at);
}

/**
 * Returns the run id of a run. Containers give their few process ids again and again, and clients that use them as run
 * ids do so, too. Only clients that send the id with every ping do it here. Otherwise a hundred other runs may have
 * come since, which is as far as Cronflow looks back.
 */
function ridOf({ job, client, ridCount }: Host, mood: Mood, count: number): string {
  const isReused = ridCount !== null && mood !== 'locked' && (client === 'wrapper' || client === 'curl_rid');
  return `${job}.${isReused ? `pid${count % ridCount}` : count}`;
}

function* starts(host: Host, span: Window, dice: Dice): Generator<{ at: number; declaration: Declaration }> {
  const { crontab } = host;
  for (const [index, { from_at: fromAt, declaration }] of crontab.entries()) {
    if (declaration === null) continue;
    const untilAt = crontab[index + 1]?.from_at ?? span.to_at;
    const spec = specOf(host.job, declaration, DEFAULT_GLOBALS);
    const kind = spec.schedule?.kind;
    let at = Math.max(fromAt, span.from_at);
    while (at < untilAt) {
      if (kind === 'cron') {
        const slotAt = slotAfter(spec, at);
        if (slotAt === null || slotAt >= untilAt) break;
        at = slotAt;
        yield { at: serverTime(host, slotAt, span) + dice.spanMs(1, 2 * SECOND_MS), declaration };
        continue;
      }
      // A loop that sleeps keeps `every`. Without any schedule people start the job when they like.
      const periodMs = periodMsOf(declaration);
      at +=
        kind === 'every' ? periodMs * (0.97 + 0.03 * dice.random()) : dice.spanMs(MINUTE_MS, 4 * periodMs);
      at = Math.round(at);
      if (at < untilAt) yield { at, declaration };
    }
  }
}

/** Returns what the clock of the server shows when that of the host shows `at`. */
function serverTime(host: Host, at: number, span: Window): number {
  const offMs = host.skewMs + host.drift * (at - span.from_at);
  return Math.max(span.from_at + 1, Math.round(at - offMs));
}

function moodAt(host: Host, at: number, dice: Dice): Mood {
  const episode = host.episodes.find((each) => at >= each.from_at && at < each.to_at);
  if (episode !== undefined) return episode.mood;
  return dice.chance(host.troubleProbability) ? dice.pick(TROUBLE) : 'fine';
}

/** Returns the pings of one run, as the client of the host sends them. */
function runPings(
  host: Host,
  dueAt: number,
  declaration: Declaration,
  mood: Mood,
  rid: string,
  dice: Dice,
): Sent[] {
  if (mood === 'absent') return [];
  const periodMs = periodMsOf(declaration);
  const maxMs = maxRuntimeMs(declaration);
  const at = mood === 'slow_start' ? dueAt + dice.spanMs(SECOND_MS, 2 * periodMs) : dueAt;
  const isOverrun = mood === 'overrunning';
  const usualMs = dice.spanMs(SECOND_MS, Math.max(2 * SECOND_MS, Math.min(maxMs, periodMs) / 2));
  // The run is not so long that a hundred others have come since, which is as far as Cronflow looks back.
  const overrunMs = Math.min(Math.round(maxMs * (0.8 + 2 * dice.random())), 20 * periodMs);
  const durationMs = isOverrun ? overrunMs : usualMs;
  const send = (eventAt: number, ping: ScriptedPing): Sent => ({
    job: host.job,
    at: eventAt,
    ping,
    isSpooled: host.client === 'wrapper',
    drift: host.drift,
  });
  if (mood === 'locked' && host.client === 'wrapper') return [send(at, { kind: 'skip', rid })];
  const start = send(at, startPing(host.client, rid));
  const log = dice.chance(0.05) ? [send(at + Math.floor(durationMs / 2), { kind: 'log', rid })] : [];
  const ends = !(mood === 'hanging' || mood === 'dying' || host.client === 'start_only');
  const end = ends ? [send(at + durationMs, endPing(host.client, mood, rid, durationMs, dice))] : [];
  return [...(host.client === 'end_only' ? [] : [start]), ...log, ...end];
}

function startPing(client: Client, rid: string): ScriptedPing {
  return client === 'wrapper' || client === 'curl_rid' || client === 'careless'
    ? { kind: 'start', rid }
    : { kind: 'start' };
}

function endPing(client: Client, mood: Mood, rid: string, durationMs: number, dice: Dice): ScriptedPing {
  const isBad = mood === 'failing' || mood === 'killed';
  const kind = isBad ? 'failure' : 'success';
  if (client === 'wrapper') {
    const badCode = mood === 'killed' ? 143 : dice.pick([1, 1, 2, 24, 127]);
    return {
      kind,
      rid,
      exit_code: isBad ? badCode : 0,
      ...(mood === 'killed' ? { signal: 'TERM' } : {}),
      duration_ms: durationMs,
      ...outputOf(dice),
    };
  }
  if (client === 'curl_rid') return { kind, rid };
  if (client === 'end_only') {
    return {
      kind,
      ...(dice.chance(0.5) ? { duration_ms: durationMs } : {}),
      ...(dice.chance(0.3) ? { exit_code: isBad ? 1 : 0 } : {}),
      ...(dice.chance(0.2) ? { rid } : {}),
    };
  }
  return { kind };
}

/** Returns what the wrapper says of the output, which is mostly that there was none. */
function outputOf(dice: Dice): Pick<ScriptedPing, 'output' | 'captured'> {
  if (!dice.chance(0.15)) return {};
  if (dice.chance(0.3)) return { captured: false };
  return { output: dice.pick(['done: 12 rows', 'warning: nothing to do', 'ERROR disk']) };
}

function maxRuntimeMs(declaration: Declaration): number {
  return specOf('', declaration, DEFAULT_GLOBALS).maxRuntimeMs;
}

/** Makes the stretches in which one thing goes wrong again and again. */
export function randomEpisodes(dice: Dice, span: Window): (Window & { mood: Mood })[] {
  return Array.from({ length: dice.pick([0, 0, 1, 1, 2]) }, () => {
    const fromAt = dice.int(span.from_at, span.to_at);
    const spanMs = span.to_at - span.from_at;
    return { from_at: fromAt, to_at: fromAt + dice.spanMs(spanMs / 30, spanMs), mood: dice.pick(TROUBLE) };
  });
}
