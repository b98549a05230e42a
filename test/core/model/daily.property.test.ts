import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transition } from '../../../src/core/job/transition.ts';
import { type Day, isEmptyDay, tallied } from '../../../src/core/model/daily.ts';
import type { Event, Transition } from '../../../src/core/model/event.ts';
import type { Row } from '../../../src/core/model/records.ts';
import { shownRow } from '../../../src/core/model/rows.ts';
import { slotAtOrBefore } from '../../../src/core/model/slots.ts';
import type { Spec } from '../../../src/core/model/spec.ts';
import { anyDeclaration, eventsOf, instantOf, playEvents, specFor, START, steps } from '../support/any.ts';
import { HOUR_MS } from '../../../src/schedule/units.ts';
import { declaredAt, stateOf } from '../support/state.ts';

function daysOf(results: readonly Transition[]): Day[] {
  const days = new Map<string, Day>();
  for (const tally of results.flatMap((result) => result.tallies)) {
    days.set(tally.date, tallied(days.get(tally.date), 'j', tally));
  }
  return [...days.values()].filter((day) => !isEmptyDay(day)).sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** Adds a tick at every instant at which something is due, so that no change of a row has two causes. */
function withTicks(spec: Spec, events: readonly Event[]): Event[] {
  let state = declaredAt(spec, START);
  const played: Event[] = [];
  const play = (event: Event): void => {
    state = stateOf(transition(spec, state, event));
    played.push(event);
  };
  for (const event of events) {
    const until = event.type === 'gap' ? event.from_at : instantOf(event);
    while ((state.job.due_at ?? Infinity) < until) play({ type: 'tick', now_at: state.job.due_at! });
    play(event);
  }
  return played;
}

/** Finds the slots for which each row of the history stands, from how the rows change. */
function slotsByRow(spec: Spec, results: readonly Transition[]): Map<string, number[]> {
  const slots = new Map<string, number[]>();
  const runs = new Map<string, Row>();
  for (const result of results) {
    for (const run of result.runs) {
      const before = runs.get(run.id);
      runs.set(run.id, run);
      if (run.kind !== 'run') continue;
      const isReplacing = run.counted && run.outcome !== null && run.outcome !== 'unknown';
      const didReplace = before !== undefined && before.outcome !== null && before.outcome !== 'unknown';
      if (!isReplacing || didReplace || run.replaces_run_id === null) continue;
      const row = slots.get(run.replaces_run_id) ?? [];
      slots.set(
        run.replaces_run_id,
        row.filter((slotAt) => slotAt !== run.slot_at),
      );
    }
    for (const row of result.runs.map(shownRow)) {
      const known = slots.get(row.id) ?? [];
      const added: number[] = [];
      for (let at = row.slot_at; at !== null && known.length + added.length < row.count;) {
        added.unshift(at);
        at = spec.schedule?.kind === 'every' ? at - spec.schedule.everyMs : slotAtOrBefore(spec, at - 1);
      }
      slots.set(row.id, [...known, ...added]);
    }
  }
  return slots;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const isoDate = (at: number): string => new Date(at).toISOString().slice(0, 10);

test('for any job and any events, the figures of each day are what the history says', () => {
  fc.assert(
    fc.property(anyDeclaration, steps, (declaration, list) => {
      const spec = specFor(declaration);
      const events = eventsOf(list);
      const end = (events.length === 0 ? 0 : instantOf(events.at(-1)!)) + 30 * HOUR_MS;
      if (events.length > 0) events.push({ type: 'tick', now_at: end });
      const { runs, results } = playEvents(spec, withTicks(spec, events));
      const slots = slotsByRow(spec, results);
      const expected = new Map<string, number>();
      const durations = new Map<string, number>();
      for (const run of [...runs.values()].map(shownRow)) {
        if (run.outcome === null || !run.counted) continue;
        const own = run.slot_at ?? run.started_at ?? run.ended_at!;
        const instants = run.count > 1 ? slots.get(run.id)! : [own];
        expect(instants).toHaveLength(run.count);
        for (const at of instants) add(expected, `${isoDate(at)} ${run.outcome}`);
        const isReported =
          run.outcome === 'success' || (run.outcome === 'failure' && run.reason !== 'stuck_lock');
        if (isReported && run.duration_ms !== null) add(durations, isoDate(own));
      }
      const days = daysOf(results);
      const counted = days.flatMap(({ date, outcomes }) =>
        Object.entries(outcomes).map(([outcome, count]) => [`${date} ${outcome}`, count] as const),
      );
      expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
      const sketched = days.map(
        (day) => [day.date, day.durations.reduce((sum, n, i) => sum + (i % 2) * n, 0)] as const,
      );
      expect(Object.fromEntries(sketched.filter(([, count]) => count > 0))).toEqual(
        Object.fromEntries(durations),
      );
      // The days are the same however late time is applied.
      expect(daysOf(playEvents(spec, events).results)).toEqual(days);
    }),
    { numRuns: 200 },
  );
});
