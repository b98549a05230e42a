import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type {
  DeliveryKind,
  JobDelivery,
  JobFacts,
  JobIncident,
  SystemIncident,
} from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { mergedCountOf, type MergedItem, mergedMessageOf } from '../../../src/delivery/message/merged.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import {
  aClosing,
  aDelivery,
  aJob,
  anIncident,
  aNotifierIncident,
  aSystemDelivery,
  aSystemIncident,
  SLOT_AT,
  someFacts,
  someSystemFacts,
} from '../support/records.ts';
import { render } from '../support/render.ts';

const CONTEXT = { nowAt: SLOT_AT + 300_000, publicUrl: 'https://cron.example.com', deadCount: 0, redact };

interface ItemOptions {
  kind?: DeliveryKind;
  facts?: Partial<JobFacts>;
  declaration?: Partial<Declaration>;
  incident?: Partial<JobIncident>;
  closing?: Partial<JobFacts>;
}

/** An item about a job. */
type JobItem = MergedItem & { delivery: JobDelivery };

function anItem(name: string, options: ItemOptions = {}): JobItem {
  const { kind = 'opened', facts, declaration, incident, closing } = options;
  const about = { id: `${name}-i1`, job_id: name, job_name: name };
  const job = aJob({ id: name, name });
  return {
    delivery: aDelivery({
      kind,
      job_id: name,
      incident_id: about.id,
      facts: someFacts({ job_name: name, ...facts }),
    }),
    incident: anIncident({ ...about, ...incident }),
    job: { ...job, declaration: { ...job.declaration, ...declaration } },
    closing: closing === undefined ? null : { ...aClosing().facts, job_name: name, ...closing },
  };
}

function aSystemItem(incident: SystemIncident, kind: DeliveryKind = 'opened'): MergedItem {
  const facts = someSystemFacts({ reason: incident.reason, detail: incident.detail });
  const delivery = aSystemDelivery({ incident_id: incident.id, kind, facts });
  return { delivery, incident, job: null, closing: null };
}

function many(count: number, options: ItemOptions = {}): JobItem[] {
  return Array.from({ length: count }, (_, index) =>
    anItem(`job-${String(index).padStart(4, '0')}`, options),
  );
}

function titleOf(items: readonly MergedItem[]): string {
  return mergedMessageOf(items, CONTEXT).title;
}

function severityOf(...items: MergedItem[]): string {
  return mergedMessageOf(items, CONTEXT).severity;
}

/** Every name it lists, under every heading. */
function namesIn({ sections }: Message): string[] {
  return sections.flatMap(({ lines }) => lines.flatMap(({ names }) => names));
}

/** Characters of the sections as plainly as they can be written. */
function lengthOf({ sections }: Message): number {
  const lines = sections.flatMap((section) => [
    section.group ?? '',
    ...section.lines.flatMap(({ what, names }) => [what, names.join(', ')]),
  ]);
  return lines.join('\n').length;
}

const aMissed = { outcome: 'missed', reason: 'missed', deadline_at: SLOT_AT + 300_000 } as const;

describe('mergedMessageOf', () => {
  test('lists jobs by group and by what is wrong with them, the worst first', () => {
    const items = [
      anItem('mail', { kind: 'closed', declaration: { group: 'web' } }),
      anItem('cache', { closing: {}, declaration: { group: 'web' } }),
      anItem('dump-b', { declaration: { group: 'db' } }),
      anItem('dump-a', { facts: { duration_ms: 1_000, host: 'web2' }, declaration: { group: 'db' } }),
      anItem('vacuum', { facts: { exit_code: 2 }, declaration: { group: 'db' } }),
      anItem('reindex', { kind: 'reminder', declaration: { group: 'db' } }),
      anItem('report', { facts: aMissed }),
      anItem('old', { kind: 'closed_silently', incident: { close_reason: 'removed' } }),
    ];
    expect(render(mergedMessageOf(items, { ...CONTEXT, deadCount: 2 }))).toMatchInlineSnapshot(`
      "bad | 8 JOBS: 3 FAILED, 1 MISSED, 1 STILL FAILED, 1 FAILED AND RESOLVED, 1 REMOVED, 1 RESOLVED
      Happened: 2026-01-15 02:04:12 +01:00 to 2026-01-15 04:14:12 +01:00
      Now: 2026-01-15 02:05 +01:00 (Europe/Berlin)
      Not delivered: 2 earlier messages could not be sent here; what is still open is told again
      []
      MISSED: expected 02:00, nothing by 02:05 (Europe/Berlin) | report
      REMOVED | old
      [db]
      FAILED: exit 1 | dump-a, dump-b
      FAILED: exit 2 | vacuum
      STILL FAILED: exit 1 | reindex
      [web]
      FAILED AND RESOLVED: exit 1 | cache
      RESOLVED | mail
      Cronflow: https://cron.example.com <https://cron.example.com/>"
    `);
  });

  test('has a title that reads alone', () => {
    expect(titleOf(many(500))).toBe('500 JOBS FAILED');
    expect(titleOf(many(500, { kind: 'closed' }))).toBe('500 JOBS RESOLVED');
    expect(titleOf([...many(20), anItem('a', { facts: aMissed }), anItem('b', { facts: aMissed })])).toBe(
      '22 JOBS: 20 FAILED, 2 MISSED',
    );
    expect(titleOf([anItem('a', { kind: 'closed' }), anItem('a')])).toBe('a: FAILED AGAIN, RESOLVED');
    expect(titleOf([anItem('a', { closing: {} })])).toBe('a FAILED AND RESOLVED');
  });

  test('tells trouble that began anew from trouble that is over', () => {
    const items = [anItem('a', { kind: 'closed' }), anItem('b', { closing: {} }), anItem('a'), anItem('b')];
    expect(mergedMessageOf(items, CONTEXT).sections).toEqual([
      {
        group: null,
        lines: [
          { what: 'FAILED AGAIN: exit 1', names: ['a', 'b'] },
          { what: 'FAILED AND RESOLVED: exit 1', names: ['b'] },
          { what: 'RESOLVED', names: ['a'] },
        ],
      },
    ]);
  });

  test('names a job once in each line', () => {
    const items = [
      anItem('a'),
      anItem('a'),
      anItem('a', { kind: 'closed' }),
      anItem('a', { kind: 'closed' }),
    ];
    expect(namesIn(mergedMessageOf(items, CONTEXT))).toEqual(['a', 'a']);
  });

  test('tells of what is wrong with Cronflow itself in its own words', () => {
    const items = [
      anItem('a'),
      aSystemItem(aSystemIncident({ detail: 'cronflow.yaml:3:5 unknown key "schedul"\n  3 | x' })),
      aSystemItem(aNotifierIncident({ subject: 'pager', detail: 'pager: down' })),
      aSystemItem(
        aSystemIncident({ reason: 'store_failing', kind: 'store', detail: 'The disk is full.' }),
        'closed',
      ),
    ];
    const message = mergedMessageOf(items, CONTEXT);
    expect(message.title).toBe('CONFIGURATION INVALID; NOTIFIER FAILING; STORE FAILING RESOLVED; a FAILED');
    expect(message.sections).toEqual([
      {
        group: null,
        lines: [
          {
            what: 'CONFIGURATION INVALID: cronflow.yaml:3:5 unknown key "schedul"; the last good configuration goes on running',
            names: ['Cronflow'],
          },
          { what: 'NOTIFIER FAILING: pager: down', names: ['pager'] },
          { what: 'STORE FAILING RESOLVED: the store works again', names: ['Cronflow'] },
          { what: 'FAILED: exit 1', names: ['a'] },
        ],
      },
    ]);
  });

  test('is bad for as long as anything is still bad', () => {
    const closed = anItem('a', { kind: 'closed' });
    const past = anItem('b', { closing: {} });
    expect(severityOf(closed)).toBe('good');
    expect(severityOf(closed, past)).toBe('over');
    expect(severityOf(closed, past, anItem('c'))).toBe('bad');
    expect(severityOf(closed, anItem('c', { kind: 'reminder' }))).toBe('bad');
    expect(severityOf(aSystemItem(aSystemIncident({ reason: 'cronflow_away', kind: 'outage' })))).toBe(
      'over',
    );
    expect(severityOf(aSystemItem(aSystemIncident({ reason: 'config_held' })))).toBe('bad');
  });

  test('calls whom the jobs in new trouble name, each once', () => {
    const items = [
      anItem('a', { declaration: { mention: ['U1', 'here'] } }),
      anItem('b', { declaration: { mention: ['U2', 'U1'] } }),
      anItem('c', { kind: 'reminder', declaration: { mention: ['U3'] } }),
      anItem('d', { kind: 'closed', declaration: { mention: ['U4'] } }),
      anItem('e', { closing: {}, declaration: { mention: ['U5'] } }),
    ];
    expect(mergedMessageOf(items, CONTEXT).mentions).toEqual(['U1', 'here', 'U2']);
  });

  test('has for a receiver the identity of its first item', () => {
    const [first, second] = [anItem('b'), anItem('a')];
    const message = mergedMessageOf([first, second], CONTEXT);
    expect([message.deliveryId, message.incidentId]).toEqual(['b-i1.ops.opened', 'b-i1']);
    expect(message.source).toMatchObject({
      delivery: first.delivery,
      incident: first.incident,
      job: first.job,
    });
  });

  test('hides secrets in what it quotes, also in the records it is made from', () => {
    const facts = { reason: 'output_mismatch', detail: 'the output contains "token=abc"' } as const;
    const items = [
      anItem('a', { facts, closing: { detail: facts.detail } }),
      aSystemItem(aSystemIncident({ reason: 'store_failing', kind: 'store', detail: 'with token=abc' })),
    ];
    const message = mergedMessageOf(items, CONTEXT);
    expect(message.sections[0]?.lines.map(({ what }) => what)).toEqual([
      'STORE FAILING: with token=[redacted]; pings are refused until it works again',
      'FAILED AND RESOLVED: ended, but the output contains "token=[redacted]"',
    ]);
    for (const each of [message, mergedMessageOf(items.toReversed(), CONTEXT)])
      expect(JSON.stringify(each)).not.toContain('abc');
  });

  test('gives no job a heading of its own where each fails in its own way', () => {
    const items = many(100).map((item, index) => ({
      ...item,
      delivery: { ...item.delivery, facts: { ...item.delivery.facts, exit_code: index + 1 } },
    }));
    const [section] = mergedMessageOf(items, CONTEXT).sections;
    expect(section?.lines.map(({ what }) => what)).toEqual([
      'FAILED',
      ...Array.from({ length: 8 }, (_, index) => `FAILED: exit ${index + 1}`),
    ]);
    expect(section?.lines[0]?.names).toHaveLength(92);
  });

  test('can be written when nothing is left but the facts', () => {
    const bare = { ...anItem('a'), incident: null, job: null };
    expect(mergedMessageOf([bare], { ...CONTEXT, publicUrl: null }).sections).toEqual([
      { group: null, lines: [{ what: 'FAILED: exit 1', names: ['a'] }] },
    ]);
  });
});

describe('mergedCountOf', () => {
  test('lets 5,000 names of 40 characters cost 42 each', () => {
    const items = Array.from({ length: 5_000 }, (_, index) => anItem(String(index).padStart(40, 'n')));
    expect(mergedCountOf(items, 42 * 5_000 + 'FAILED: exit 1'.length + 2 + 2)).toBe(5_000);
    expect(mergedCountOf(items, 12_000)).toBe(Math.floor((12_000 - 18) / 42));
  });

  test('takes one name even if that is too long', () => {
    expect(mergedCountOf([anItem('a'), anItem('b')], 0)).toBe(1);
  });

  test('loses no name and keeps within the length, whatever happened to whom', () => {
    const item = fc
      .record({
        number: fc.nat(30),
        kind: fc.constantFrom<DeliveryKind>('opened', 'opened', 'reminder', 'closed', 'closed_silently'),
        exitCode: fc.nat(20),
        group: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
        isOver: fc.boolean(),
      })
      .map(({ number, kind, exitCode, group, isOver }) =>
        anItem(`job-${number}`, {
          kind,
          facts: { exit_code: exitCode },
          ...(group === undefined ? {} : { declaration: { group } }),
          ...(isOver ? { closing: {} } : {}),
        }),
      );
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 60 }), fc.nat(2_000), (items, lengthMax) => {
        const count = mergedCountOf(items, lengthMax);
        const told = items.slice(0, count);
        const message = mergedMessageOf(told, CONTEXT);
        expect(new Set(namesIn(message))).toEqual(new Set(told.map(({ job }) => job?.name)));
        if (count > 1) expect(lengthOf(message)).toBeLessThanOrEqual(lengthMax);
        if (count < items.length) expect(mergedCountOf(items.slice(0, count + 1), lengthMax)).toBe(count);
      }),
    );
  });
});
