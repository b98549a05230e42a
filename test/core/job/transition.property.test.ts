import { shownRow } from '../../../src/core/model/rows.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { transition } from '../../../src/core/job/transition.ts';
import type { Event } from '../../../src/core/model/event.ts';
import { REASONS } from '../../../src/core/model/reasons.ts';
import {
  anyDeclaration,
  eventsOf,
  instantOf,
  pingAt,
  playEvents,
  specFor,
  START,
  steps,
} from '../support/any.ts';
import { HOUR_MS } from '../../../src/schedule/units.ts';
import { declaredAt, stateOf } from '../support/state.ts';

/** Orders events of one instant. A tick comes last, because it commits after every ping that was received by then. */
function order(event: Event): number {
  return event.type === 'tick' ? 1 : 0;
}

describe('for any job and any events', () => {
  test('an outcome never depends on when ticks come', () => {
    fc.assert(
      fc.property(anyDeclaration, steps, fc.array(fc.nat(60 * 60)), (declaration, list, tickSeconds) => {
        const spec = specFor(declaration);
        const events = eventsOf(list);
        const end: Event = {
          type: 'tick',
          now_at: (events.length === 0 ? START : instantOf(events.at(-1)!)) + HOUR_MS,
        };
        const ticks = tickSeconds.map((seconds): Event => ({
          type: 'tick',
          now_at: START + seconds * 10_000,
        }));
        // A tick commits after every ping received at or before its instant, and never inside a gap.
        const gaps = events.filter((event) => event.type === 'gap');
        const allowed = ticks.filter(
          (tick) =>
            instantOf(tick) < instantOf(end) &&
            !gaps.some((gap) => instantOf(tick) >= gap.from_at && instantOf(tick) < gap.to_at),
        );
        const mixed = [...events, ...allowed]
          .map((event, index) => ({ event, index }))
          .sort(
            (a, b) =>
              instantOf(a.event) - instantOf(b.event) || order(a.event) - order(b.event) || a.index - b.index,
          )
          .map(({ event }) => event);
        const plain = playEvents(spec, [...events, end]);
        const ticked = playEvents(spec, [...mixed, end]);
        expect([...ticked.runs.values()]).toEqual([...plain.runs.values()]);
        expect([...ticked.incidents.values()]).toEqual([...plain.incidents.values()]);
        expect(ticked.deliveries.map(({ id, facts }) => ({ id, facts }))).toEqual(
          plain.deliveries.map(({ id, facts }) => ({ id, facts })),
        );
      }),
      { numRuns: 400 },
    );
  });

  test('before due_at, time alone changes nothing', () => {
    fc.assert(
      fc.property(
        anyDeclaration,
        steps,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (declaration, list, part) => {
          const spec = specFor(declaration);
          const events = eventsOf(list);
          const { state } = playEvents(spec, events);
          const last = events.length === 0 ? START : instantOf(events.at(-1)!);
          const dueAt = state.job.due_at ?? last + HOUR_MS;
          if (dueAt - 1 < last) return;
          const result = transition(spec, state, {
            type: 'tick',
            now_at: last + Math.floor((dueAt - 1 - last) * part),
          });
          expect(result.reason).toBe('nothing_due');
          expect(result.runs).toEqual([]);
          expect(result.incidents).toEqual([]);
          expect(result.state.job.due_at).toBe(state.job.due_at);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('each incident is told once to each notifier, and its end once to those who were told', () => {
    fc.assert(
      fc.property(anyDeclaration, steps, (declaration, list) => {
        const { deliveries, incidents } = playEvents(specFor(declaration), eventsOf(list));
        expect(new Set(deliveries.map(({ id }) => id)).size).toBe(deliveries.length);
        for (const incident of incidents.values()) {
          const kinds = deliveries
            .filter((each) => each.incident_id === incident.id)
            .map((each) => each.kind);
          // Nobody is told of an incident in maintenance, unless it lasts longer.
          expect(incident.told).toEqual(kinds.length === 0 ? [] : ['ops']);
          if (kinds.length === 0) {
            const isBetter = incident.closed_at !== null || incident.good_run_ids.length > 0;
            expect(isBetter || incident.announce_at !== null).toBe(true);
            continue;
          }
          expect(kinds[0]).toBe('opened');
          expect(kinds.filter((kind) => kind === 'opened')).toHaveLength(1);
          const closings = kinds.filter((kind) => kind.startsWith('closed'));
          expect(closings).toHaveLength(incident.closed_at === null ? 0 : 1);
          if (closings.length > 0) expect(kinds.at(-1)).toBe(closings[0]);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('the same run id and kind twice changes nothing', () => {
    fc.assert(
      fc.property(anyDeclaration, steps, (declaration, list) => {
        const spec = specFor(declaration);
        const events = eventsOf(list);
        const last = events.at(-1);
        if (last?.type !== 'ping' || last.ping.rid === null || last.ping.kind === 'log') return;
        const { state } = playEvents(spec, events);
        const again = transition(spec, state, last);
        expect(again.runs).toEqual([]);
        expect(again.deliveries).toEqual([]);
        expect(again.incidents).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });

  test('durations are never negative, ended runs have no limit, open runs are bounded', () => {
    fc.assert(
      fc.property(anyDeclaration, steps, (declaration, list) => {
        const spec = specFor(declaration);
        const { runs, incidents } = playEvents(spec, eventsOf(list));
        for (const run of [...runs.values()].map(shownRow)) {
          expect(run.duration_ms ?? 0).toBeGreaterThanOrEqual(0);
          expect(run.outcome === null).toBe(run.ended_at === null);
          if (run.outcome !== null) expect(run.limit_at).toBeNull();
        }
        expect([...runs.values()].filter((run) => run.outcome === null).length).toBeLessThanOrEqual(
          spec.openRunsMax,
        );
        for (const { opened_at: openedAt, closed_at: closedAt } of incidents.values()) {
          expect(closedAt ?? openedAt).toBeGreaterThanOrEqual(openedAt);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('every reason is one of the closed union', () => {
    const known: ReadonlySet<string> = new Set(REASONS);
    fc.assert(
      fc.property(anyDeclaration, steps, (declaration, list) => {
        const { results } = playEvents(specFor(declaration), eventsOf(list));
        const reasons = results.flatMap(({ reason, runs, incidents, deliveries }) => [
          reason,
          ...[...runs, ...incidents].map((record) => record.reason),
          ...deliveries.map(({ facts }) => facts.reason),
        ]);
        expect(reasons.filter((reason) => !known.has(reason))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('a job that runs at every slot, on a host whose clock is up to a minute off, is never reported', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('0 * * * *', '*/10 * * * *', '15 2 * * *', '30 0-6 * * *'),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
        fc.integer({ min: -60, max: 60 }),
        (schedule, timezone, skewSeconds) => {
          const spec = specFor({ schedule, timezone, grace: '5m', max_runtime: '1h' });
          let state = declaredAt(spec, START);
          let slotAt = state.job.expected_at;
          for (let count = 0; count < 60 && slotAt !== null; count += 1) {
            const at = slotAt + skewSeconds * 1000;
            const started = transition(spec, state, { type: 'ping', ping: pingAt('start', at, `r${count}`) });
            const ended = transition(spec, stateOf(started), {
              type: 'ping',
              ping: pingAt('success', at + 30_000, `r${count}`),
            });
            expect([...started.deliveries, ...ended.deliveries]).toEqual([]);
            expect(ended.runs.at(-1)?.slot_at).toBe(slotAt);
            state = stateOf(ended);
            slotAt = state.job.expected_at;
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
