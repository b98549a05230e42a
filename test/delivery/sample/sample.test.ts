import { describe, expect, test } from 'vitest';
import { redact } from '../../../src/core/text/redact.ts';
import {
  type Sample,
  SAMPLE_EVENTS,
  type SampleEvent,
  sampleOf,
} from '../../../src/delivery/sample/sample.ts';
import { render } from '../support/render.ts';

const NOW_AT = Date.UTC(2026, 0, 15, 12);
const PARTS = {
  notifier: 'ops',
  defaults: { timezone: 'Europe/Berlin', owner: 'platform', mention: ['here'], failure_threshold: 3 },
  publicUrl: 'https://cron.example.com',
  redact,
  host: 'web1',
  nowAt: NOW_AT,
};
const sample = (event: SampleEvent): Promise<Sample> => sampleOf(event, PARTS);

const TITLES: Record<SampleEvent, string> = {
  storm: '8 JOBS: 4 FAILED, 3 MISSED, 1 TIMEOUT',
  failure: 'FAILED example-job on web1: exit 1 after 4m12s',
  signal: 'FAILED example-job on web1: killed by SIGKILL after 4m12s',
  missed: 'MISSED example-job: expected 12:55, nothing by 13:00 (Europe/Berlin)',
  never_seen: 'NEVER SEEN example-job: expected 12:55, nothing by 13:00, nor ever before (Europe/Berlin)',
  timeout: 'TIMEOUT example-job on web1: still running after 2h',
  abandoned: 'ABANDONED example-job on web1: its run reported no end before the next one began',
  unreadable_report:
    'FAILED example-job on web1: ended after 4m12s, and nobody can read how: exit_code "False" cannot be read',
  too_fast:
    'FAILED example-job on web1: ended after 3s, too soon to have done its work: at least 1m is expected',
  output_mismatch:
    'FAILED example-job on web1: ended after 4m12s, but the output does not contain "backup complete"',
  overlap:
    'FAILED example-job on web1: started while an earlier run was still going: it had begun 1h before on web1',
  stuck_lock: 'FAILED example-job on web1: found its lock taken 3 times in a row with no run open',
  reminder: 'STILL FAILED example-job on web1: exit 1 after 4m12s; in trouble for 4h',
  resolved: 'RESOLVED example-job: ran fine on web1, was in trouble for 2h',
  late_report: 'RESOLVED example-job: had run fine on web1 after all and said so late, was in trouble for 5m',
  config_invalid:
    'CONFIGURATION INVALID: cronflow.yaml:4:5 jobs.example-job.schedul: unknown key "schedul", ' +
    'did you mean "schedule"?; the last good configuration goes on running',
  config_held: 'CONFIGURATION HELD: the change would remove 12 of 20 jobs; it waits until it is confirmed',
  cronflow_away: 'CRONFLOW WAS AWAY: for 7m; one run of example-job could not be seen',
  store_failing: 'STORE FAILING: no space left on the device; pings are refused until it works again',
  notifier_failing:
    'NOTIFIER FAILING: messages to example-notifier are not delivered: it answered 404 no_service',
};

describe('a sample', () => {
  test.each(SAMPLE_EVENTS)(
    'of %s says in its title that it is a test, and reads as a real one',
    async (event) => {
      const { opening, following } = await sample(event);
      const message = following?.(null) ?? opening;
      expect(message.title).toBe(`TEST ${TITLES[event]}`);
      expect(message.description).toMatch(/^A test sent by cronflow test-notify\./);
    },
  );

  test('has all that a message of a failure has, in the zone of the configuration', async () => {
    const { opening } = await sample('failure');
    expect(render(opening)).toBe(
      [
        'bad | TEST FAILED example-job on web1: exit 1 after 4m12s',
        'A test sent by cronflow test-notify. Nothing is wrong, and there is nothing to do.',
        'Expected: 2026-01-15 12:55:48 +01:00 (Europe/Berlin)',
        'Started: 2026-01-15 12:55:48 +01:00',
        'Now: 2026-01-15 13:00 +01:00 (Europe/Berlin)',
        'Host: web1',
        'Duration: 4m12s, usually 4m',
        'Last success: 2026-01-14 12:59:48 +01:00 (1d ago)',
        'Next slot: 2026-01-16 12:55:48 +01:00',
        'Owner: platform',
        'output (all):',
        'dumping customers',
        'dumping orders',
        'pg_dump: error: the connection was lost',
        'Run: test-4 <https://cron.example.com/jobs/example-job/runs/test-4>',
        'Reason: exit_code <https://cron.example.com/docs/reasons#exit_code>',
      ].join('\n'),
    );
    expect(opening.mentions).toEqual(['here']);
  });

  test('opens and closes one incident, the same each time, with deliveries that a receiver can tell apart', async () => {
    const { opening, following } = await sample('resolved');
    const closing = following!('1700000000.000100');
    expect(opening).toMatchObject({
      kind: 'opened',
      title: 'TEST FAILED example-job on web1: exit 1 after 4m12s',
      incidentId: 'test-ops',
      deliveryId: `test-ops.${NOW_AT}.opened`,
      opening: null,
    });
    expect(closing).toMatchObject({
      kind: 'closed',
      mentions: [],
      incidentId: 'test-ops',
      deliveryId: `test-ops.${NOW_AT}.closed`,
      opening: { receipt: '1700000000.000100', isMerged: false },
    });
    expect(closing.source.delivery).toMatchObject({ incident_id: 'test-ops', notifier: 'ops' });
    expect(closing.source.incident).toMatchObject({ id: 'test-ops', close_reason: 'recovered' });
    expect(following!(null).opening).toBeNull();
    const later = await sampleOf('failure', { ...PARTS, nowAt: NOW_AT + 1_000 });
    expect(later.opening.incidentId).toBe(opening.incidentId);
    expect(later.opening.deliveryId).not.toBe(opening.deliveryId);
  });

  test('of a storm lists every job by its group, and has nothing that can be closed', async () => {
    const { opening, following } = await sample('storm');
    expect(opening).toMatchObject({ kind: 'merged', deliveryId: `test-ops.${NOW_AT}.storm` });
    expect(
      opening.sections.map(({ group, lines }) => [group, lines.flatMap(({ names }) => names).length]),
    ).toEqual([
      [null, 1],
      ['backups', 4],
      ['reports', 3],
    ]);
    expect(following).toBeNull();
  });

  test('can be written at any time, also where clocks change', async () => {
    for (const nowAt of [
      Date.UTC(2026, 2, 29, 1, 2, 3),
      Date.UTC(2026, 9, 25, 0, 30),
      Date.UTC(2028, 1, 29),
    ]) {
      for (const event of SAMPLE_EVENTS) {
        const { opening, following } = await sampleOf(event, { ...PARTS, nowAt });
        expect((following?.(null) ?? opening).title).toMatch(/^TEST [A-Z\d]+/);
      }
    }
  });
});
