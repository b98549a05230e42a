import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Job } from '../../../src/core/model/records.ts';
import { formatPlan, type Plan, planChanges } from '../../../src/core/plan/plan.ts';
import type { PlannedJob } from '../../../src/core/plan/planned-job.ts';
import { formerNames } from '../../../src/core/plan/rename.ts';
import { job as record } from '../../support/records.ts';

const daily: Declaration = { schedule: '0 2 * * *' };

/** Makes a job of the file that has run. */
function stored(name: string, changes: Partial<Job> = {}, runCount = 3): Job {
  const declared = { declared: daily, declaration: daily };
  const place = { file: 'cronflow.yaml', line: 1 };
  return record(
    `id-${name}`,
    { name, source: 'file', place, ...declared, ...changes },
    { run_count: runCount },
  );
}

function declare(name: string, from?: string, declared: Declaration = daily): PlannedJob {
  return {
    name,
    place: { file: 'cronflow.yaml', line: 5 },
    declared: from === undefined ? declared : { ...declared, renamed_from: from },
    declaration: declared,
    ...(from === undefined ? {} : { renamed_from_place: { file: 'cronflow.yaml', line: 6, column: 19 } }),
  };
}

function outline({ renamed, added, removed, restored, unchanged, faults, lints }: Plan) {
  return {
    renamed: renamed.map(({ job, next }) => `${job.name} -> ${next.name}`),
    added: added.map((next) => next.name),
    removed: removed.map((job) => job.name),
    others: [...restored, ...unchanged].map(({ job }) => job.name),
    faults: faults.map(({ code }) => code),
    lints: lints.map(({ code }) => code),
  };
}

const nothing = { renamed: [], added: [], removed: [], others: [], faults: [], lints: [] };

const asIs = (text: string): string => text;

describe('a plan', () => {
  test('renames a job whose old name leaves as the new one appears, and says so', () => {
    const plan = planChanges([stored('old')], [declare('new', 'old', { schedule: '0 3 * * *' })]);
    expect(outline(plan)).toEqual({ ...nothing, renamed: ['old -> new'] });
    expect(formatPlan(plan, asIs)).toEqual([
      '~ old (renamed to new, with its history)',
      '    schedule: "0 2 * * *" -> "0 3 * * *"',
    ]);
  });

  test('renames onto a name that has no history, and removes what has it', () => {
    const [fresh, gone] = [stored('new', {}, 0), stored('new', { removed_at: 5 }, 0)];
    for (const replaced of [fresh, gone]) {
      const plan = planChanges([stored('old'), replaced], [declare('new', 'old')]);
      expect(outline(plan)).toEqual({ ...nothing, renamed: ['old -> new'] });
      expect(plan.renamed[0]?.replaced).toBe(replaced);
    }
  });

  test.each([
    ['lives', {}],
    ['was removed', { removed_at: 5 }],
    ['is one of the API', { source: 'api' } as const],
  ])('refuses to put a history onto that of a job that %s, at its place', (_, changes) => {
    const { faults } = planChanges([stored('old'), stored('new', changes)], [declare('new', 'old')]);
    expect(faults).toEqual([
      {
        code: 'rename_onto_history',
        path: 'jobs.new.renamed_from',
        file: 'cronflow.yaml',
        line: 6,
        column: 19,
        message:
          '"new" has a history of its own, so that of "old" cannot be put in its place; ' +
          'take another name, or take renamed_from out to go on without the history of the old one',
      },
    ]);
  });

  test.each([
    ['is not known', [], 'no job "old" is known (any more); take it out if the rename is done'],
    [
      'was removed earlier',
      [stored('old', { removed_at: 5 })],
      '"old" was removed earlier; to take over its history, declare it again, then rename it in one change',
    ],
    ['is of the API', [stored('old', { source: 'api' })], '"old" is registered over the API and stays'],
  ])('says that nothing is renamed where the old name %s', (_, jobs, why) => {
    const plan = planChanges(jobs, [declare('new', 'old')]);
    expect(outline(plan)).toEqual({ ...nothing, added: ['new'], lints: ['renames_nothing'] });
    expect(plan.lints[0]).toEqual({
      code: 'renames_nothing',
      path: 'jobs.new.renamed_from',
      file: 'cronflow.yaml',
      line: 6,
      column: 19,
      message: `renames nothing: ${why}`,
    });
  });

  test('is silent about a rename that was done, also when the old name has come and gone since', () => {
    const done = stored('new', { renamed: [{ from: 'old', at: 1 }] });
    expect(outline(planChanges([done], [declare('new', 'old')]))).toEqual({ ...nothing, others: ['new'] });
    expect(outline(planChanges([done, stored('old')], [declare('new', 'old')]))).toEqual({
      ...nothing,
      others: ['new'],
      removed: ['old'],
    });
  });

  test('leaves a job alone that is still declared under the old name; where the files are read says so', () => {
    const plan = planChanges([stored('old')], [declare('old'), declare('new', 'old')]);
    expect(outline(plan)).toEqual({ ...nothing, added: ['new'], others: ['old'] });
  });

  test('renames one job once, whoever asks', () => {
    const plan = planChanges([stored('old')], [declare('a', 'old'), declare('b', 'old')]);
    expect(outline(plan)).toMatchObject({ renamed: ['old -> a'], added: ['b'] });
  });

  test('takes a rename back when the change is reverted, unless another has the name by then', () => {
    const done = stored('new', { renamed: [{ from: 'old', at: 1 }] });
    expect(outline(planChanges([done], [declare('old')]))).toEqual({ ...nothing, renamed: ['new -> old'] });
    expect(outline(planChanges([done], [declare('old'), declare('new')]))).toMatchObject({ renamed: [] });
    expect(outline(planChanges([done, stored('old', { removed_at: 5 })], [declare('old')]))).toEqual({
      ...nothing,
      removed: ['new'],
      others: ['old'],
    });
  });
});

describe('former names', () => {
  test('are listed once for each rename, and never hold the present name', () => {
    const first = { ...stored('b'), renamed: [{ from: 'a', at: 1 }] };
    expect(formerNames(first, 'c', 2)).toEqual([
      { from: 'a', at: 1 },
      { from: 'b', at: 2 },
    ]);
    expect(formerNames(first, 'a', 2)).toEqual([{ from: 'b', at: 2 }]);
  });
});
