import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Happening, Script } from '../script.ts';
import { type Away, randomAways } from './away.ts';
import { type DeclarationOptions, randomDeclaration } from './declarations.ts';
import { Dice } from './dice.ts';
import { randomDoings } from './edits.ts';
import { type Client, type Host, pingsOf, randomEpisodes } from './host.ts';
import { arrivals, type Network, PERFECT_NETWORK, randomNetwork, type Window } from './network.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** Lists changes of the clocks: an hour forward and back, half an hour, and one that happens at midnight. */
const CLOCK_CHANGES: readonly (readonly [timezone: string, at: number])[] = [
  ['Europe/Berlin', Date.UTC(2025, 2, 30, 1)],
  ['Europe/Berlin', Date.UTC(2025, 9, 26, 1)],
  ['America/New_York', Date.UTC(2025, 2, 9, 7)],
  ['America/New_York', Date.UTC(2025, 10, 2, 6)],
  ['Australia/Lord_Howe', Date.UTC(2025, 3, 5, 15)],
  ['Australia/Lord_Howe', Date.UTC(2025, 9, 4, 15, 30)],
  ['America/Havana', Date.UTC(2025, 2, 9, 5)],
];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];

/** Makes a seeded stretch of time in which anything may happen. */
export function randomWorld(seed: number): Script {
  const dice = new Dice(seed);
  const spanMs = dice.pick([
    () => dice.spanMs(5 * HOUR_MS, 2 * DAY_MS),
    () => dice.spanMs(5 * HOUR_MS, 2 * DAY_MS),
    () => dice.spanMs(DAY_MS, 6 * DAY_MS),
    () => dice.spanMs(5 * DAY_MS, 40 * DAY_MS),
  ])();
  const { timezone, span } = randomSpan(dice, spanMs);
  const notifiers = ['ops', 'pager', 'mail'].slice(0, dice.int(1, 3));
  const options: DeclarationOptions = { timezone, fromAt: span.from_at, spanMs, notifiers };
  const aways = randomAways(dice.fork(), span);
  const jobs: Record<string, Declaration> = {};
  const doings: Happening[] = [];
  const pings: Happening[] = [];
  for (let count = dice.pick([1, 1, 2, 2, 3, 5]); count > 0; count -= 1) {
    const job = `job-${count}`;
    const declaration = randomDeclaration(dice, options);
    jobs[job] = declaration;
    const jobDoings = outsideOf(aways, randomDoings(dice.fork(), job, declaration, span, options), span);
    doings.push(...jobDoings);
    const host = randomHost(dice.fork(), job, declaration, jobDoings, span);
    pings.push(...reached(host, randomNetwork(dice.fork(), span), aways, span, dice.fork()));
  }
  return assembled(
    {
      start_at: span.from_at,
      end_at: span.to_at,
      replay_window_ms: dice.pick([15 * MINUTE_MS, 15 * MINUTE_MS, MINUTE_MS, HOUR_MS]),
      notifiers,
      jobs,
    },
    [...aways, ...doings, ...pings],
  );
}

/**
 * Makes a world in which nothing goes wrong but Cronflow itself: hosts whose clocks are up to a minute off, changes of
 * the clocks, and Cronflow away now and then. Nobody may be told anything about a job.
 */
export function healthyWorld(seed: number): Script {
  const dice = new Dice(seed);
  const spanMs = dice.spanMs(5 * HOUR_MS, 8 * DAY_MS);
  const { timezone, span } = randomSpan(dice, spanMs);
  const options: DeclarationOptions = { timezone, fromAt: span.from_at, spanMs, notifiers: ['ops'] };
  const aways = randomAways(dice.fork(), span);
  const jobs: Record<string, Declaration> = {};
  const pings: Happening[] = [];
  for (let count = dice.int(1, 4); count > 0; count -= 1) {
    const job = `job-${count}`;
    const { schedule, every, timezone: zone } = randomDeclaration(dice, options);
    const declaration: Declaration = { grace: '150s', max_runtime: '2d' };
    Object.assign(
      declaration,
      schedule === undefined ? { every: every ?? '1h' } : { schedule, timezone: zone },
    );
    jobs[job] = declaration;
    const host: Host = {
      ...randomHost(dice.fork(), job, declaration, [], span),
      client: 'wrapper',
      skewMs: dice.int(-55, 55) * SECOND_MS,
      ridCount: null,
      drift: 0,
      troubleProbability: 0,
      episodes: [],
    };
    pings.push(...reached(host, PERFECT_NETWORK, aways, span, dice.fork()));
  }
  const rest = { start_at: span.from_at, end_at: span.to_at, replay_window_ms: 15 * MINUTE_MS };
  return assembled({ ...rest, notifiers: ['ops'], jobs }, [...aways, ...pings]);
}

function randomSpan(dice: Dice, spanMs: number): { timezone: string; span: Window } {
  if (dice.chance(0.4)) {
    const fromAt = Date.UTC(2025, dice.int(0, 11), dice.int(1, 28)) + dice.int(0, DAY_MS);
    return { timezone: dice.pick(ZONES), span: { from_at: fromAt, to_at: fromAt + spanMs } };
  }
  const [timezone, changeAt] = dice.pick(CLOCK_CHANGES);
  const fromAt = changeAt - Math.round(spanMs * dice.random());
  return { timezone, span: { from_at: fromAt, to_at: fromAt + spanMs } };
}

function randomHost(
  dice: Dice,
  job: string,
  declaration: Declaration,
  doings: readonly Happening[],
  span: Window,
): Host {
  const isOff = dice.chance(0.2);
  return {
    job,
    client: dice.pick<Client>([
      'wrapper',
      'wrapper',
      'wrapper',
      'wrapper',
      'curl_rid',
      'anonymous',
      'anonymous',
      'end_only',
      'start_only',
      'careless',
    ]),
    skewMs: dice.int(-50, 50) * (isOff ? 6 : 1) * SECOND_MS,
    ridCount: dice.chance(0.2) ? dice.int(1, 3) : null,
    drift: dice.chance(0.5) ? 0 : dice.int(-100, 100) * 1e-6,
    troubleProbability: dice.pick([0, 0.02, 0.1, 0.3]),
    episodes: randomEpisodes(dice, span),
    crontab: crontabOf(dice, declaration, doings, span),
  };
}

/** Makes a crontab. People change it a little before or after the declaration, or forget it. */
function crontabOf(
  dice: Dice,
  declaration: Declaration,
  doings: readonly Happening[],
  span: Window,
): Host['crontab'] {
  const entries: { from_at: number; declaration: Declaration | null }[] = [
    { from_at: span.from_at, declaration },
  ];
  for (const doing of doings) {
    if (doing.type !== 'edit' || dice.chance(0.2)) continue;
    const fromAt = doing.at + dice.int(-10, 10) * MINUTE_MS;
    if (fromAt > entries.at(-1)!.from_at) entries.push({ from_at: fromAt, declaration: doing.declaration });
  }
  return entries;
}

function reached(
  host: Host,
  network: Network,
  aways: readonly Away[],
  span: Window,
  dice: Dice,
): Happening[] {
  const deaf = aways.map((away) => ({ from_at: away.at, to_at: knownBackAt(away) }));
  return pingsOf(host, span, dice).flatMap((sent) => arrivals(sent, network, deaf, dice));
}

/**
 * Moves the doings of people out of the absences. Nobody can change anything while Cronflow is away, so they do it when
 * Cronflow is back.
 */
function outsideOf(aways: readonly Away[], doings: readonly Happening[], span: Window): Happening[] {
  return doings
    .map((doing) => {
      const away = aways.find((each) => doing.at >= each.at && doing.at <= knownBackAt(each));
      return away === undefined ? doing : { ...doing, at: knownBackAt(away) + 1 + (doing.at % 1_000) };
    })
    .filter(({ at }) => at < span.to_at)
    .filter(({ at }) => !aways.some((away) => at >= away.at && at <= knownBackAt(away)));
}

/**
 * Returns when every job knows that Cronflow is back. A store that works again takes pings up to 10 s before Cronflow
 * notes how long it took none. A job that pings in those seconds knows of a shorter gap than the others do, while the
 * model knows one gap for all.
 */
function knownBackAt({ how, to_at: toAt }: Away): number {
  return how === 'store_failing' ? toAt + 10 * SECOND_MS : toAt;
}

/**
 * Puts everything in order and leaves out the pings that Cronflow would refuse, which are those of jobs that are not
 * declared.
 */
function assembled(rest: Omit<Script, 'happenings'>, happenings: readonly Happening[]): Script {
  const declared = new Set(Object.keys(rest.jobs));
  const ordered = happenings
    .filter(({ at }) => at > rest.start_at && at < rest.end_at)
    .sort((a, b) => a.at - b.at)
    .filter((happening) => {
      if (happening.type === 'edit') {
        if (happening.declaration === null) declared.delete(happening.job);
        else declared.add(happening.job);
      }
      return happening.type !== 'ping' || declared.has(happening.job);
    });
  return { ...rest, happenings: ordered };
}
