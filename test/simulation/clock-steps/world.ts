import type { Declaration } from '../../../src/core/model/declaration.ts';
import { slotAfter } from '../../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import type { ScriptedPing } from '../script.ts';
import { periodMsOf, randomDeclaration } from '../world/declarations.ts';
import type { Dice } from '../world/dice.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

/** A stretch in which the wall clock does not step. True time counts from the world's start and never steps. */
export interface Stretch {
  from_ms: number;
  to_ms: number;
  /** The wall clock would show this at true time 0 if it were always as in this stretch. */
  zero_at: number;
  /** The time for which Cronflow was dead when the stretch began; null where it went on running. */
  down_ms: number | null;
}

/** A ping at an instant of true time. */
export interface TimedPing {
  ms: number;
  job: string;
  run: string;
  ping: ScriptedPing;
}

/** Healthy jobs on the machine whose clock is stepped, so that all follow the same wall clock. */
export interface SteppedWorld {
  stretches: readonly Stretch[];
  jobs: Readonly<Record<string, Declaration>>;
  /** The pings in the order in which they happen. */
  pings: readonly TimedPing[];
}

/** Returns what the wall clock shows at an instant of true time. */
export function wallAt({ stretches }: SteppedWorld, ms: number): number {
  const stretch = stretches.findLast((each) => each.from_ms <= ms) ?? stretches[0]!;
  return stretch.zero_at + ms;
}

/** Makes some hours in which the wall clock is stepped once or more, by seconds to hours, either way. */
export function steppedWorld(dice: Dice): SteppedWorld {
  const stretches = randomStretches(dice.fork());
  const [first, last] = [stretches[0]!, stretches.at(-1)!];
  const jobs: Record<string, Declaration> = {};
  const pings: TimedPing[] = [];
  for (let count = dice.int(1, 3); count > 0; count -= 1) {
    const options = {
      timezone: dice.pick(['UTC', 'Europe/Berlin']),
      fromAt: first.zero_at,
      spanMs: last.to_ms,
      notifiers: ['ops'],
    };
    const { schedule, every, timezone } = randomDeclaration(dice.fork(), options);
    const timing = schedule === undefined ? { every: every ?? '15m' } : { schedule, timezone };
    const declaration = { grace: '150s', max_runtime: '2d', ...timing } as Declaration;
    jobs[`job-${count}`] = declaration;
    pings.push(...pingsOf(`job-${count}`, declaration, stretches, dice.fork()));
  }
  return { stretches, jobs, pings: pings.sort((a, b) => a.ms - b.ms) };
}

function randomStretches(dice: Dice): Stretch[] {
  const endMs = dice.spanMs(4 * HOUR_MS, 14 * HOUR_MS);
  const cuts = Array.from({ length: dice.int(1, 3) }, () => dice.int(10 * MINUTE_MS, endMs - 10 * MINUTE_MS));
  let zeroAt = Date.UTC(2025, 5, dice.int(1, 28)) + dice.int(0, DAY_MS);
  let fromMs = 0;
  let downMs: number | null = null;
  const stretches: Stretch[] = [];
  for (const cutMs of [...cuts.sort((a, b) => a - b), endMs]) {
    // A Cronflow that is back is up for a while.
    if (cutMs < fromMs + 2 * MINUTE_MS) continue;
    stretches.push({ from_ms: fromMs, to_ms: cutMs, zero_at: zeroAt, down_ms: downMs });
    downMs = dice.chance(0.3) ? dice.spanMs(SECOND_MS, MINUTE_MS) : null;
    fromMs = cutMs;
    zeroAt += dice.spanMs(SECOND_MS, 8 * HOUR_MS) * (dice.chance(0.6) ? -1 : 1);
  }
  return stretches;
}

function pingsOf(
  job: string,
  declaration: Declaration,
  stretches: readonly Stretch[],
  dice: Dice,
): TimedPing[] {
  const isMeasured = dice.chance(0.5);
  // A slot that comes by twice starts a second run beside the first. Without a run id that would mean that the first
  // had died.
  const hasRids = declaration.every === undefined || dice.chance(0.5);
  const longestMs = Math.min(periodMsOf(declaration) / 2, 40 * MINUTE_MS);
  const endMs = stretches.at(-1)!.to_ms;
  return startsOf(job, declaration, stretches, dice).flatMap((ms, index) => {
    const run = `${job}.${index}`;
    const rid = hasRids ? { rid: run } : {};
    const durationMs = dice.spanMs(SECOND_MS, Math.max(2 * SECOND_MS, longestMs));
    const measured = isMeasured ? { duration_ms: durationMs } : {};
    const pings: TimedPing[] = [
      { ms, job, run, ping: { kind: 'start', ...rid } },
      { ms: ms + durationMs, job, run, ping: { kind: 'success', ...rid, ...measured } },
    ];
    return pings.filter((each) => each.ms < endMs).map((each) => heard(each, stretches, dice));
  });
}

/** Returns when runs begin, in true time: at each slot that the wall clock comes by, or in a loop that sleeps. */
function startsOf(
  job: string,
  declaration: Declaration,
  stretches: readonly Stretch[],
  dice: Dice,
): number[] {
  const endMs = stretches.at(-1)!.to_ms;
  const starts: number[] = [];
  if (declaration.every !== undefined) {
    const periodMs = periodMsOf(declaration);
    for (
      let ms = dice.int(1, periodMs);
      ms < endMs;
      ms += Math.round(periodMs * (0.97 + 0.03 * dice.random()))
    )
      starts.push(ms);
    return starts;
  }
  const spec = specOf(job, declaration, DEFAULT_GLOBALS);
  for (const { from_ms: fromMs, to_ms: toMs, zero_at: zeroAt } of stretches) {
    let slotAt = slotAfter(spec, zeroAt + fromMs - 1);
    while (slotAt !== null && slotAt < zeroAt + toMs) {
      starts.push(slotAt - zeroAt + dice.int(1, 2 * SECOND_MS));
      slotAt = slotAfter(spec, slotAt);
    }
  }
  return starts.filter((ms) => ms < endMs);
}

/** Returns a ping as it is heard. A ping that is sent while Cronflow is dead is kept and sent again soon after. */
function heard(sent: TimedPing, stretches: readonly Stretch[], dice: Dice): TimedPing {
  const deaf = stretches.find(
    ({ from_ms: fromMs, down_ms: downMs }) => sent.ms >= fromMs && sent.ms <= fromMs + (downMs ?? -1),
  );
  if (deaf === undefined) return sent;
  const ms = deaf.from_ms + (deaf.down_ms ?? 0) + dice.int(SECOND_MS, 20 * SECOND_MS);
  return { ...sent, ms, ping: { ...sent.ping, delay_ms: ms - sent.ms } };
}
