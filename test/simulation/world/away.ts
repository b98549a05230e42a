import type { Happening } from '../script.ts';
import type { Dice } from './dice.ts';
import type { Window } from './network.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

export type Away = Happening & { type: 'away' };

/** Chooses when and how Cronflow is away in a stretch of time. */
export function randomAways(dice: Dice, span: Window): Away[] {
  const count = dice.pick([0, 0, 0, 1, 1, 2, 3, dice.int(4, 10)]);
  const aways: Away[] = [];
  for (let made = 0; made < count; made += 1) {
    const last = aways.at(-1);
    // One absence often follows soon after another, so that the wait for the replay of one gap runs into the next.
    const at =
      last !== undefined && dice.chance(0.4)
        ? last.to_at + dice.spanMs(12 * SECOND_MS, 40 * MINUTE_MS)
        : dice.int(span.from_at + MINUTE_MS, span.to_at - MINUTE_MS);
    const how = dice.pick(['crash', 'stop', 'suspend', 'store_failing'] as const);
    const forMs = how === 'stop' && dice.chance(0.5) ? dice.spanMs(500, MINUTE_MS) : awayMs(dice, how, span);
    if (at + forMs >= span.to_at) continue;
    aways.push({ at, type: 'away', how, to_at: at + forMs });
  }
  return apart(aways.sort((a, b) => a.at - b.at));
}

/**
 * Chooses how long Cronflow is away. It is not so long that more runs are reported at once afterwards than Cronflow
 * looks back on.
 */
function awayMs(dice: Dice, how: Away['how'], span: Window): number {
  const mostMs = how === 'suspend' ? 14 * HOUR_MS : 3 * HOUR_MS;
  return dice.spanMs(2 * SECOND_MS, Math.min(mostMs, (span.to_at - span.from_at) / 6));
}

/** Leaves out absences that begin while another lasts. */
function apart(aways: readonly Away[]): Away[] {
  const kept: Away[] = [];
  for (const away of aways) if (away.at > (kept.at(-1)?.to_at ?? 0) + 11 * SECOND_MS) kept.push(away);
  return kept;
}
