import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { applyDefaults, type Fill } from '../../../src/core/model/defaults.ts';
import type { Job } from '../../../src/core/model/records.ts';
import { Comparisons, differences } from '../../../src/core/plan/comparisons.ts';
import {
  formatPlan,
  type Plan,
  planChanges,
  planInParts,
  planLinesInParts,
} from '../../../src/core/plan/plan.ts';
import { jobsAsStored } from '../../../src/core/plan/stored-jobs.ts';
import type { PlannedJob } from '../../../src/core/plan/planned-job.ts';
import { nearest } from '../../../src/core/text/nearest.ts';
import { job as record } from '../../support/records.ts';

const daily: Declaration = { schedule: '0 2 * * *' };

function job(name: string, declared: Declaration = daily, more: Partial<Job> = {}): Job {
  const place = { file: 'cronflow.yaml', line: 2 };
  return record(`id-${name}`, { name, source: 'file', place, declared, declaration: declared, ...more });
}

function declare(name: string, declared: Declaration = daily, line = 2): PlannedJob {
  return { name, place: { file: 'cronflow.yaml', line }, declared, declaration: declared };
}

const api = { source: 'api', place: null } as const;

/** Returns the names in each list that has any. */
function names(plan: Plan): Record<string, string[]> {
  const { faults: _faults, lints: _lints, ...jobs } = plan;
  const lists = Object.entries(jobs).map(([list, items]: [string, (typeof jobs)[keyof typeof jobs]]) => [
    list,
    items.map((item) => ('job' in item ? item.job.name : item.name)),
  ]);
  return Object.fromEntries(lists.filter(([, found]) => (found?.length ?? 0) > 0)) as Record<
    string,
    string[]
  >;
}

const asIs = (text: string): string => text;

describe('planChanges', () => {
  test('tells jobs added, changed, removed and unchanged', () => {
    const stored = [job('same'), job('other'), job('gone')];
    const plan = planChanges(stored, [declare('same'), declare('other', { every: '1h' }), declare('new')]);
    expect(names(plan)).toEqual({
      added: ['new'],
      changed: ['other'],
      removed: ['gone'],
      unchanged: ['same'],
    });
    expect(plan.changed[0]?.keys).toEqual([
      { key: 'every', from: undefined, to: '1h' },
      { key: 'schedule', from: '0 2 * * *', to: undefined },
    ]);
  });

  test('leaves jobs of the API alone', () => {
    expect(names(planChanges([job('a', daily, api)], []))).toEqual({});
    expect(names(planChanges([job('a', daily, api)], [], { defaults: {} }))).toEqual({});
  });

  test('adopts a job of the API whose name the file declares', () => {
    const plan = planChanges([job('a', daily, api)], [declare('a', { every: '5m' })]);
    expect(names(plan)).toEqual({ adopted: ['a'] });
    expect(plan.adopted[0]?.keys.map(({ key }) => key)).toEqual(['every', 'schedule']);
  });

  test('restores a removed job that comes back, wherever it came from, and removes none twice', () => {
    const removed = { removed_at: 5 };
    expect(names(planChanges([job('a', daily, removed)], [declare('a')]))).toEqual({ restored: ['a'] });
    expect(names(planChanges([job('a', daily, { ...api, ...removed })], [declare('a')]))).toEqual({
      restored: ['a'],
    });
    expect(names(planChanges([job('a', daily, removed)], []))).toEqual({});
  });

  test.each([
    [[job('a', daily, { id: '1', removed_at: 5 }), job('a', daily, { id: '2' })], 'unchanged', '2'],
    [[job('a', daily, { id: '1' }), job('a', daily, { id: '2', removed_at: 5 })], 'unchanged', '1'],
    [
      [job('a', daily, { id: '1', removed_at: 5 }), job('a', daily, { id: '2', removed_at: 9 })],
      'restored',
      '2',
    ],
    [
      [job('a', daily, { id: '1', removed_at: 9 }), job('a', daily, { id: '2', removed_at: 5 })],
      'restored',
      '1',
    ],
  ] as const)('takes the job of a name that lives, else the one removed last', (stored, list, id) => {
    expect(planChanges(stored, [declare('a')])[list].map((planned) => planned.job.id)).toEqual([id]);
  });

  test('fills jobs of the API from new defaults', () => {
    const stored = [
      job('filled', daily, { ...api, declaration: { ...daily, grace: '5m' } }),
      job('own', { grace: '1m' }, api),
      job('removed', daily, { ...api, removed_at: 5 }),
      job('adopted', daily, api),
    ];
    const plan = planChanges(stored, [declare('adopted')], { defaults: { grace: '9m' } });
    expect(names(plan)).toEqual({ adopted: ['adopted'], refilled: ['filled'] });
    expect(plan.refilled[0]).toMatchObject({
      declaration: { ...daily, grace: '9m' },
      keys: [{ key: 'grace', from: '5m', to: '9m' }],
    });
  });

  test('counts the order of lists, not that of keys', () => {
    const before = { tags: ['a', 'b'], notify: [{ to: 'x', on: ['missed' as const] }] };
    expect(differences(before, { notify: [{ on: ['missed'], to: 'x' }], tags: ['a', 'b'] })).toEqual([]);
    expect(differences(before, { ...before, tags: ['b', 'a'] })).toHaveLength(1);
    expect(differences(before, { ...before, tags: ['a'] })).toHaveLength(1);
    expect(differences({ failure_threshold: 1 }, { failure_threshold: { missed: 1 } })).toHaveLength(1);
    expect(differences({ notify: [] }, {})).toHaveLength(1);
  });

  test('says when a record needs writing although nothing that counts changed', () => {
    const [moved] = planChanges([job('a')], [declare('a', daily, 7)]).unchanged;
    const [same] = planChanges([job('a')], [declare('a')]).unchanged;
    const [written] = planChanges(
      [job('a')],
      [{ ...declare('a'), declared: { ...daily, grace: '5m' } }],
    ).unchanged;
    expect([moved, same, written].map((planned) => planned?.isSameRecord)).toEqual([false, true, false]);
  });

  test('is the same with comparisons of what was stored before', () => {
    const places = [2, 3].map((line) => ({ file: 'cronflow.yaml', line }));
    const declared = fc.constantFrom<Declaration>({}, daily);
    const name = fc.constantFrom('a', 'b');
    const more = fc.record({
      source: fc.constantFrom<Job['source']>('file', 'api'),
      removed_at: fc.constantFrom(null, 1),
      place: fc.constantFrom(...places),
    });
    const stored = fc
      .uniqueArray(fc.tuple(name, declared, declared, more), { selector: ([each]) => each })
      .map((jobs) => jobs.map(([id, own, filled, rest]) => job(id, own, { ...rest, declaration: filled })));
    const file = fc
      .uniqueArray(fc.tuple(name, declared, fc.integer({ min: 2, max: 3 })), { selector: ([each]) => each })
      .map((jobs) => jobs.map((each) => declare(...each)));
    fc.assert(
      fc.property(stored, stored, file, (before, now, next) => {
        const comparisons = new Comparisons();
        planChanges(before, next, { defaults: {} }, comparisons);
        const planned = planChanges(now, next, { defaults: {} }, comparisons);
        expect(planned).toEqual(planChanges(now, next, { defaults: {} }));
      }),
    );
  });

  test('puts every declared job, and every living one of the file, in exactly one list', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const declared = fc.constantFrom<Declaration>({}, daily, { every: '1h' });
    const stored = fc.record({
      name,
      declared,
      source: fc.constantFrom('file' as const, 'api' as const),
      removed_at: fc.constantFrom(null, 5),
    });
    const storedJobs = fc.uniqueArray(stored, { selector: (item) => item.name });
    const declaredJobs = fc.uniqueArray(fc.record({ name, declared }), { selector: (item) => item.name });
    fc.assert(
      fc.property(storedJobs, declaredJobs, (before, after) => {
        const jobs = before.map((item) => job(item.name, item.declared, item));
        const plan = planChanges(
          jobs,
          after.map((item) => declare(item.name, item.declared)),
          { defaults: { grace: '1m' } },
        );
        const { refilled, ...lists } = names(plan);
        const expected = new Set(after.map((item) => item.name));
        for (const item of before)
          if (item.source === 'file' && item.removed_at === null) expected.add(item.name);
        expect(Object.values(lists).flat().sort()).toEqual([...expected].sort());
        for (const other of refilled ?? []) expect(expected).not.toContain(other);
      }),
    );
  });
});

describe('formatPlan', () => {
  test('writes one job a line, the keys below', () => {
    const stored = [
      job('same'),
      job('changed', { grace: '5m', ...daily }),
      job('gone'),
      job('back', daily, { removed_at: 5 }),
      job('mine', daily, api),
      job('filled', daily, api),
    ];
    const declared = [
      declare('same'),
      declare('changed', { ...daily, grace: '10m', notify: ['ops'] }),
      declare('back'),
      declare('mine', { every: '1h' }),
      declare('new'),
      declare('often', { every: '5m' }),
      declare('never', {}),
    ];
    expect(formatPlan(planChanges(stored, declared, { defaults: { owner: 'me' } }), asIs).join('\n')).toBe(
      `+ new ("0 2 * * *" UTC, limit 1d)
+ often (every 5m, limit 1h)
+ never (limit 1d)
+ back (restored with its history)
~ mine (from the API, now declared in the file)
    every: (not set) -> "1h"
    schedule: "0 2 * * *" -> (not set)
    limit in force: 1d -> 4h
~ changed
    grace: "5m" -> "10m"
    notify: (not set) -> ["ops"]
~ filled (from the API, by defaults)
    owner: (not set) -> "me"
- gone
= 1 unchanged`,
    );
  });

  test('says how much it leaves out', () => {
    const plan = planChanges(
      [],
      ['a', 'b', 'c'].map((name) => declare(name, {})),
    );
    expect(formatPlan(plan, asIs, 2)).toEqual(['+ a (limit 1d)', '+ b (limit 1d)', '... and 1 more lines']);
  });

  test('counts the lines that it leaves out, and looks for secrets in none of them', () => {
    const many = Array.from({ length: 2_000 }, (_, at) => `job-${at}`);
    const plan = planChanges(
      many.map((name) => job(name, { every: '5m', grace: '5m' })),
      many.map((name, at) => declare(name, { every: '1h', grace: `${at + 6}m` })),
    );
    let looked = 0;
    const hide = (text: string): string => {
      looked += 1;
      return text;
    };
    const lines = formatPlan(plan, hide, 6);
    const whole = formatPlan(plan, asIs);
    // A line for the job, one for each key, and one for its limit.
    expect(whole).toHaveLength(4 * many.length);
    expect(lines).toEqual([...whole.slice(0, 6), `... and ${4 * many.length - 6} more lines`]);
    expect(looked).toBeLessThan(20);
  });

  test('is written and planned a part at a time', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `job-${at}`);
    const stored = many.map((name) => job(name, daily));
    const declared = many.map((name) => declare(name, { every: '1h' }));
    expect(pauses(planInParts(stored, declared))).toBeGreaterThan(20_000 / 500);
    const plan = planChanges(stored, declared);
    expect(pauses(planLinesInParts(plan, asIs, 9))).toBeGreaterThan((2 * 20_000) / 500);
    expect(pauses(jobsAsStored(declared, plan))).toBeGreaterThan(1);
  });
});

/** Counts how often work pauses. */
function pauses(work: Iterator<unknown>): number {
  let count = 0;
  while (work.next().done !== true) count += 1;
  return count;
}

describe('applyDefaults', () => {
  test('lets what is declared win, whole keys at a time', () => {
    const defaults = { grace: '5m', tags: ['a'], remind_every: '1d' };
    expect(applyDefaults({ tags: [], remind_every: 'off' }, { defaults })).toEqual({ grace: '5m', tags: [] });
    expect(defaults).toEqual({ grace: '5m', tags: ['a'], remind_every: '1d' });
  });

  test('gives the kinds that a threshold leaves out the default of 1', () => {
    expect(applyDefaults({ failure_threshold: { missed: 3 } }, { defaults: {} })).toEqual({
      failure_threshold: { failure: 1, missed: 3, timeout: 1 },
    });
    expect(
      applyDefaults({ failure_threshold: 3 }, { defaults: { failure_threshold: { missed: 3 } } }),
    ).toEqual({
      failure_threshold: 3,
    });
  });

  describe('for a job whose notifiers are not all configured any more', () => {
    const globals = { notifiers: ['ops', 'mail', 'pager'] };
    const notifyOf = (
      notify: Declaration['notify'],
      fill: Omit<Fill, 'defaults' | 'globals'> & { defaults?: Declaration } = {},
    ): Declaration['notify'] =>
      applyDefaults({ ...(notify && { notify }), group: 'g' }, { defaults: {}, ...fill, globals }).notify;

    test('those hear who hear of jobs that name nobody', () => {
      expect(notifyOf(['gone'])).toBeUndefined();
      expect(notifyOf(['gone'], { defaults: { notify: ['mail'] } })).toEqual(['mail']);
      const groups = { g: { notify: ['pager'] } };
      expect(notifyOf(['gone'], { defaults: { notify: ['mail'] }, groups })).toEqual(['pager']);
      expect(notifyOf([{ to: 'gone' }, 'lost'], { defaults: { notify: [] } })).toEqual([]);
    });

    test('those that are left hear what they took', () => {
      expect(notifyOf(['gone', 'ops'])).toEqual(['ops']);
      expect(notifyOf([{ to: 'gone', on: ['missed'] }, 'ops'], { defaults: { notify: ['mail'] } })).toEqual([
        'ops',
      ]);
    });

    test('others hear of the kinds alone that nobody is left to take', () => {
      const defaults: Declaration = { notify: ['mail', { to: 'pager', on: ['missed'] }] };
      const missed: ['missed'] = ['missed'];
      expect(notifyOf([{ to: 'gone', on: missed }], { defaults })).toEqual([
        { to: 'mail', on: missed },
        { to: 'pager', on: missed },
      ]);
      expect(notifyOf(['gone', { to: 'ops', on: missed }], { defaults })).toEqual([
        { to: 'ops', on: missed },
        { to: 'mail', on: ['failure', 'timeout'] },
      ]);
    });

    test('nothing else is changed', () => {
      for (const notify of [[], ['ops'], [{ to: 'mail', on: [] }], undefined])
        expect(notifyOf(notify)).toEqual(notify);
      expect(applyDefaults({ notify: ['gone'] }, { defaults: {} })).toEqual({ notify: ['gone'] });
    });
  });

  test('a plan says of a job of the API that a notifier went, and that it came back', () => {
    const declared: Declaration = { notify: ['gone'] };
    const lines = (notifiers: string[], declaration: Declaration): string[] =>
      formatPlan(
        planChanges([job('adhoc', declared, { source: 'api', declaration })], [], {
          defaults: {},
          globals: { notifiers },
        }),
        (text) => text,
      );
    expect(lines(['ops'], declared)).toEqual([
      '~ adhoc (from the API, which names a notifier that is not configured any more)',
      '    notify: ["gone"] -> (not set)',
    ]);
    expect(lines(['ops'], {})).toEqual([]);
    expect(lines(['ops', 'gone'], {})).toEqual([
      '~ adhoc (from the API, whose notifier is configured again)',
      '    notify: (not set) -> ["gone"]',
    ]);
  });
});

describe('nearest', () => {
  const known = ['schedule', 'every', 'max_runtime', 'failure', 'missed', 'timezone', 'group', 'tick', 'to'];
  test.each([
    ['schedul', 'schedule'],
    ['SCHEDULE', 'schedule'],
    ['maxRuntime', 'max_runtime'],
    ['max-runtime', 'max_runtime'],
    ['fail', 'failure'],
    ['ever', 'every'],
    ['time', 'timezone'],
    // Two neighbours that were swapped are one slip, at the beginning and at the end as well.
    ['gruop', 'group'],
    ['rgoup', 'group'],
    ['gropu', 'group'],
    ['tikc', 'tick'],
    ['misesd', 'missed'],
    ['grpou', undefined],
    ['ot', undefined],
    ['xyz', undefined],
    ['', undefined],
    ['every', undefined],
    ['e'.repeat(100_000), undefined],
  ])('takes %j for %j', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});
