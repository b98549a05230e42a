import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventsOf } from '../../../src/delivery/pagerduty/event.ts';
import { PagerDutyNotifier } from '../../../src/delivery/pagerduty/notifier.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { type PagerDutyServer, startPagerDutyServer } from '../../support/pagerduty-server.ts';
import { aMessage } from '../support/message.ts';
import { aDelivery, aJob, aSystemDelivery, someFacts, someSystemFacts } from '../support/records.ts';

const never = new AbortController().signal;

let server: PagerDutyServer;
let pager: PagerDutyNotifier;

beforeEach(async () => {
  server = await startPagerDutyServer();
  pager = pagerFor({});
});

afterEach(async () => {
  await pager.close();
  await server.close();
});

function pagerFor(changes: Partial<ConstructorParameters<typeof PagerDutyNotifier>[0]>): PagerDutyNotifier {
  const { routingKey, url } = server;
  return new PagerDutyNotifier({
    name: 'pager',
    routingKey,
    url,
    severity: 'error',
    clock: createFakeClock(),
    ...changes,
  });
}

describe('PagerDuty', () => {
  test('has an alert for an incident, with all that is known', async () => {
    const source = {
      ...aMessage().source,
      job: aJob({ declaration: { ...aJob().declaration, group: 'db' } }),
    };
    expect(await pager.send(aMessage({ source }), never)).toEqual({ result: 'ok' });
    expect(server.alerts).toEqual([
      {
        dedupKey: 'j1-i1',
        status: 'triggered',
        triggers: [
          {
            summary: 'FAILED backup on web1: exit 1 after 4m12s',
            severity: 'error',
            source: 'web1',
            timestamp: '2026-01-15T01:04:12.000Z',
            component: 'daily-database-backup',
            group: 'db',
            class: 'exit_code',
            custom_details: {
              Description: 'Dumps every database',
              Reason: 'exit 1 after 4m12s',
              Host: 'web1',
              'Declared in': 'cronflow.yaml:12',
              'Output, the last 2 lines': 'connecting\npg_dump: error: <unknown> & more',
            },
          },
        ],
        links: [{ href: 'https://cron.example.com/jobs/backup/runs/j1-7?a=1&b=2', text: 'Run' }],
      },
    ]);
  });

  test('applies a reminder to the open alert, and resolves that alert at the end', async () => {
    await pager.send(aMessage(), never);
    await pager.send(aMessage({ kind: 'reminder', title: 'STILL FAILED backup' }), never);
    expect(server.alerts).toMatchObject([
      { status: 'triggered', triggers: [{}, { summary: 'STILL FAILED backup' }] },
    ]);
    await pager.send(aMessage({ kind: 'closed', severity: 'good' }), never);
    expect(server.alerts).toMatchObject([{ status: 'resolved' }]);
  });

  test('resolves the alert of a job that was paused or removed', async () => {
    await pager.send(aMessage(), never);
    await pager.send(aMessage({ kind: 'closed_silently', severity: 'over' }), never);
    expect(server.alerts).toMatchObject([{ status: 'resolved' }]);
  });

  test('records trouble that was over before it was told as information, and resolved', async () => {
    await pager.send(aMessage({ kind: 'opened_and_closed', severity: 'over' }), never);
    expect(server.alerts).toMatchObject([{ status: 'resolved', triggers: [{ severity: 'info' }] }]);
  });

  test('leaves no alert open that nothing will close, such as that Cronflow was away', async () => {
    const delivery = aSystemDelivery({ facts: someSystemFacts({ reason: 'cronflow_away' }) });
    const source = { ...aMessage().source, delivery, job: null, run: null };
    await pager.send(aMessage({ severity: 'over', title: 'CRONFLOW WAS AWAY', source }), never);
    expect(server.alerts).toMatchObject([
      { status: 'resolved', triggers: [{ severity: 'info', source: 'Cronflow', component: 'Cronflow' }] },
    ]);
  });

  test('repeats both events when the second fails', async () => {
    const message = aMessage({ kind: 'opened_and_closed', severity: 'over' });
    const trigger = { kind: 'answer', status: 202 } as const;
    server.failNext(trigger, { kind: 'answer', status: 500 });
    expect(await pager.send(message, never)).toMatchObject({ result: 'retry' });
    expect(await pager.send(message, never)).toEqual({ result: 'ok' });
    expect(server.alerts).toMatchObject([{ status: 'resolved', triggers: [{}] }]);
  });

  test('is as urgent as the notifier says', async () => {
    pager = pagerFor({ severity: 'critical' });
    await pager.send(aMessage(), never);
    expect(server.alerts[0]?.triggers[0]?.severity).toBe('critical');
  });

  test('says what to do about a wrong key, without the key', async () => {
    const routingKey = 'Xwrong'.padEnd(32, 'X');
    pager = pagerFor({ routingKey });
    expect(await pager.send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail:
        'PagerDuty answered 400 Event object is invalid, Invalid routing key ***: copy the Integration Key of an ' +
        'Events API v2 integration of the service into routing_key',
    });
  });

  test('says what to do about a wrong address', async () => {
    pager = pagerFor({ url: `${server.origin}/enqueue` });
    expect(await pager.send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'PagerDuty answered 404 Not Found: correct url: it ends in /v2/enqueue',
    });
    pager = pagerFor({ url: 'ftp://example.com' });
    expect(await pager.send(aMessage(), never)).toMatchObject({
      detail: 'its url is no address that begins with https:// or http://',
    });
  });

  test.each([429, 500, 503])('tries again after %i', async (status) => {
    server.failNext({ kind: 'answer', status });
    expect(await pager.send(aMessage(), never)).toMatchObject({ result: 'retry' });
    expect(server.alerts).toEqual([]);
  });

  test('takes an event whatever the message says', async () => {
    const hostile = fc.string({ unit: 'binary', minLength: 1, maxLength: 3_000, size: 'max' });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (text, id) => {
        const words = { title: text, description: text, output: text.repeat(100), outputNote: text };
        const fields = Array.from({ length: 40 }, (_, at) => ({
          label: `Field ${at}`,
          value: text.repeat(10),
        }));
        const facts = someFacts({ host: text, job_name: text });
        const source = { ...aMessage().source, delivery: aDelivery({ facts }) };
        const message = aMessage({ ...words, fields, incidentId: id, source });
        expect(await pager.send(message, never)).toEqual({ result: 'ok' });
      }),
      { numRuns: 20 },
    );
  });

  test('keeps of a key that is too long the part that tells incidents apart', () => {
    const keys = ['1', '2'].map((end) =>
      eventsOf(aMessage({ incidentId: `${'x'.repeat(300)}${end}` }), 'error'),
    );
    expect(keys[0]?.[0]?.dedup_key).toHaveLength(255);
    expect(keys[0]?.[0]?.dedup_key).not.toBe(keys[1]?.[0]?.dedup_key);
  });
});
