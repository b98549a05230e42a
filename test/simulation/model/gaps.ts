import type { Script } from '../script.ts';
import type { Gap } from './records.ts';

const BEAT_MS = 10_000;
/**
 * A time without a sign of life is no gap if it is no longer than this, except at a restart and where the store refused
 * one.
 */
const UNNOTICED_MS_MAX = 30_000;

type Away = Extract<Script['happenings'][number], { type: 'away' }>;

/** The signs of life: one at a start, and one every ten seconds that the store takes. */
class Signs {
  private firstAt: number;
  private refused: Away[] = [];

  constructor(startAt: number) {
    this.firstAt = startAt;
  }

  /** Returns the last sign that was stored before. */
  lastAt(at: number): number {
    let beat = this.beatBefore(at);
    for (const away of this.refused.toReversed()) {
      if (away.at <= beat && beat < away.to_at) beat = this.beatBefore(away.at);
    }
    return beat;
  }

  /** Returns when Cronflow can tell that it is back. */
  backAt(away: Away): number {
    if (away.how !== 'store_failing') return away.to_at;
    const beat = this.beatAt(away.to_at);
    return beat === away.to_at ? beat : beat + BEAT_MS;
  }

  /** Tells whether the store refused a sign. */
  isRefused({ how, at, to_at: toAt }: Away): boolean {
    return how === 'store_failing' && this.beatAt(toAt - 1) >= at;
  }

  away(away: Away): void {
    const overdue = this.beatAt(away.to_at) >= away.at;
    if (away.how === 'store_failing') this.refused.push(away);
    else if (away.how !== 'suspend' || overdue) {
      this.firstAt = away.to_at;
      this.refused = [];
    }
  }

  private beatBefore(at: number): number {
    const beat = this.beatAt(at);
    return beat === at && beat > this.firstAt ? beat - BEAT_MS : beat;
  }

  private beatAt(at: number): number {
    return this.firstAt + Math.floor((at - this.firstAt) / BEAT_MS) * BEAT_MS;
  }
}

/** Returns every gap of the script as Cronflow comes to know it, from its own signs of life. */
export function gapsOf(script: Script): Gap[] {
  const gaps: Gap[] = [];
  const signs = new Signs(script.start_at);
  for (const away of script.happenings) {
    if (away.type !== 'away') continue;
    const fromAt = away.how === 'stop' ? away.at : signs.lastAt(away.at);
    const toAt = signs.backAt(away);
    const restarted = away.how === 'crash' || away.how === 'stop';
    const before = gaps.at(-1);
    // Cronflow was away again before it could tell that it was back, so all of it is one gap.
    if (before !== undefined && before.to_at > away.at) before.to_at = Math.max(before.to_at, toAt);
    else if (restarted || signs.isRefused(away) || toAt - fromAt > UNNOTICED_MS_MAX) {
      gaps.push({ at: away.at, from_at: fromAt, to_at: toAt });
    }
    signs.away(away);
  }
  return gaps;
}
