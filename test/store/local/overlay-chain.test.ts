import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Changes } from '../../../src/store/local/changes.ts';
import { Overlay } from '../../../src/store/local/overlay.ts';
import { Tables } from '../../../src/store/local/tables.ts';
import { day, delivery, ids, incident, job, openRun, run, systemIncident } from '../../support/records.ts';

const JOBS = ['a', 'b'];
const NAMES = ['x', 'y'];
const DATES = ['2026-01-15', '2026-01-16'];

/** One change of the records, which does nothing where it cannot be made. */
type Step = (overlay: Overlay) => void;

const oneJob = fc.constantFrom(...JOBS);
const number = fc.integer({ min: 1, max: 3 });
const closedAt = fc.constantFrom(null, 5);

/** Makes a step that needs its job. */
const ofJob = (arbitrary: fc.Arbitrary<(overlay: Overlay, id: string) => void>): fc.Arbitrary<Step> =>
  fc.tuple(oneJob, arbitrary).map(([id, act]) => (overlay: Overlay) => {
    if (overlay.job(id) !== undefined) act(overlay, id);
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(oneJob, fc.constantFrom(...NAMES), fc.constantFrom(null, 7)).map(
      ([id, name, removedAt]) =>
        (overlay: Overlay) =>
          overlay.putJob(job(id, { name, removed_at: removedAt })),
    ),
  },
  ofJob(fc.constant((overlay, id) => overlay.deleteJob(id))),
  ofJob(
    fc.nat(9).map((dueAt) => (overlay, id) => overlay.putState(id, job(id, {}, { due_at: dueAt }).state)),
  ),
  ofJob(
    fc
      .tuple(number, fc.boolean(), fc.constantFrom('r', 's', null))
      .map(([at, isOpen, rid]) => (overlay, id) => {
        overlay.putRun(isOpen ? openRun(id, at, { rid }) : run(id, at, { rid }));
      }),
  ),
  ofJob(number.map((at) => (overlay, id) => overlay.deleteRun(run(id, at)))),
  ofJob(fc.constantFrom(...DATES).map((date) => (overlay, id) => overlay.putDay(day(id, date)))),
  ofJob(fc.constantFrom(...DATES).map((date) => (overlay, id) => overlay.deleteDay(id, date))),
  ofJob(
    fc.tuple(number, closedAt).map(
      ([at, closed_at]) =>
        (overlay, id) =>
          overlay.putIncident(incident(`${id}/${at}`, id, { closed_at })),
    ),
  ),
  ofJob(number.map((at) => (overlay, id) => overlay.putDelivery(delivery(`${id}.${at}`, id)))),
  fc.tuple(number, closedAt).map(
    ([at, closed_at]) =>
      (overlay: Overlay) =>
        overlay.putIncident(systemIncident(`s${at}`, { closed_at })),
  ),
  number.map((at) => (overlay: Overlay) => {
    const known = overlay.incident(`s${at}`);
    if (known !== undefined) overlay.deleteIncident(known);
  }),
  fc
    .option(number, { nil: null })
    .map(
      (value) => (overlay: Overlay) =>
        overlay.put('meta', 'key', value === null ? null : { key: 'key', value }),
    ),
);

/** A step, one that fails in the end, or what becomes of the commit that is on its way. */
const anyMove = fc.oneof(
  { weight: 6, arbitrary: step },
  { weight: 1, arbitrary: fc.array(step, { maxLength: 3 }).map((steps) => ({ failing: steps })) },
  { weight: 2, arbitrary: fc.constant('stored' as const) },
  { weight: 2, arbitrary: fc.constant('sent' as const) },
);

/** Everything that a transaction can read. */
function seen(overlay: Overlay): unknown {
  return {
    names: NAMES.map((name) => overlay.jobByName(name)),
    jobs: overlay.jobs().toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    due: [3, 9].map((nowAt) => overlay.dueJobIds({ now_at: nowAt, limit: 2 })),
    system: ids(overlay.openSystemIncidents()).toSorted(),
    ofJobs: JOBS.map((id) => ({
      job: overlay.job(id),
      runs: overlay.runsOf(id).all(),
      rids: ['r', 's'].map((rid) => overlay.runsOf(id).ofRid(rid)),
      run: overlay.run(`${id}-1`),
      anonymous: overlay.runsOf(id).anonymous(),
      days: DATES.map((date) => overlay.day(id, date)),
      incidents: ids(overlay.openIncidentsOf(id)).toSorted(),
      deliveries: [1, 2, 3].map((at) => overlay.delivery(`${id}.${at}`)),
    })),
    meta: overlay.meta('key'),
  };
}

/** Tries a step; a name that is taken is refused alike wherever the records are. */
function tried(overlay: Overlay, steps: readonly Step[], isFailing = false): string | null {
  try {
    overlay.attempt(() => {
      for (const each of steps) each(overlay);
      if (isFailing) throw new Error('it fails in the end');
    });
    return null;
  } catch (error) {
    return String(error);
  }
}

test('what is on its way to the disk and what comes after it read as if each had been stored at once', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { minLength: 20, maxLength: 40 }), (moves) => {
      const [plain, tables] = [new Tables(), new Tables()];
      let first: Overlay | null = null;
      let next = new Overlay(tables);
      const store = (changes: Changes): unknown => tables.apply(changes);
      for (const move of moves) {
        if (move === 'sent') {
          // The commit before is stored before the next one is sent.
          if (first !== null) store(first.changes());
          first = next;
          next = new Overlay(tables, first);
        } else if (move === 'stored') {
          if (first !== null) store(first.changes());
          first = null;
        } else {
          const steps = typeof move === 'function' ? [move] : move.failing;
          const isFailing = typeof move !== 'function';
          const alone = new Overlay(plain);
          expect(tried(next, steps, isFailing)).toEqual(tried(alone, steps, isFailing));
          plain.apply(alone.changes());
        }
        expect(seen(next)).toEqual(seen(new Overlay(plain)));
      }
      if (first !== null) store(first.changes());
      store(next.changes());
      expect(seen(new Overlay(tables))).toEqual(seen(new Overlay(plain)));
    }),
    { numRuns: 500 },
  );
});
