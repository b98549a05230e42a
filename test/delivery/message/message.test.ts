import { describe, expect, test } from 'vitest';
import { REASONS, type SystemReason } from '../../../src/core/model/reasons.ts';
import type { Delivery, JobFacts } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { bareMessageOf, messageOf } from '../../../src/delivery/message/compose.ts';
import type { Message, MessageContext } from '../../../src/delivery/message/message.ts';
import { usualMsOf } from '../../../src/delivery/sending/context.ts';
import {
  aClosing,
  aDelivery,
  aJob,
  anIncident,
  aRun,
  aSystemDelivery,
  aSystemIncident,
  SLOT_AT,
  someFacts,
  someSystemFacts,
} from '../support/records.ts';
import { render } from '../support/render.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { slotsRow } from '../../support/records.ts';

function aContext(changes: Partial<MessageContext> = {}): MessageContext {
  return {
    nowAt: SLOT_AT + 253_000,
    incident: anIncident(),
    job: aJob(),
    run: aRun(),
    output: null,
    usualMs: 12 * MINUTE_MS,
    lastHost: 'web1',
    timezone: 'UTC',
    publicUrl: 'https://cron.example.com',
    closing: null,
    deadCount: 0,
    opening: null,
    redact,
    ...changes,
  };
}

function titleOf(facts: Partial<JobFacts>, kind: 'opened' | 'reminder' | 'closed' = 'opened'): string {
  return messageOf(aDelivery({ kind, facts: someFacts(facts) }), aContext()).title;
}

function fieldOf(
  label: string,
  facts: Partial<JobFacts>,
  context: Partial<MessageContext> = {},
): string | undefined {
  const { fields } = messageOf(aDelivery({ facts: someFacts(facts) }), aContext(context));
  return fields.find((field) => field.label === label)?.value;
}

function systemTitleOf(reason: SystemReason, kind: 'reminder' | 'closed'): string {
  const at = SLOT_AT + 552_000;
  const delivery = aSystemDelivery({ kind, facts: someSystemFacts({ reason, detail: 'what it is', at }) });
  return messageOf(delivery, aContext({ job: null, run: null, incident: aSystemIncident({ reason }) })).title;
}

function signalTitleOf(signal: string | null): string {
  return titleOf({ reason: 'signal', signal, host: null });
}

function closingTitleOf(context: Partial<MessageContext>, facts: Partial<JobFacts>): string {
  return messageOf(aClosing({ facts: { ...aClosing().facts, ...facts } }), aContext(context)).title;
}

/** Text and address of the link to the declaration, where the files are at `address`. */
function declaredIn(address: string | null): (string | null)[] {
  const context = aContext({ sourceUrlOf: ({ file, line }) => address && `${address}${file}#L${line}` });
  const link = messageOf(aDelivery(), context).links.find(({ label }) => label === 'Declared in');
  return [link?.text ?? null, link?.url ?? null];
}

function linksTo(runbook: string): Message['links'] {
  const job = aJob({ place: null, declaration: { runbook } });
  return messageOf(aDelivery(), aContext({ job, publicUrl: null })).links;
}

describe('messageOf', () => {
  test('tells of a failure with everything there is to know', () => {
    const lines = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`);
    const output = { text: `${lines.join('\n')}\n\n`, dropped_bytes: 0 };
    const facts = someFacts({ bad_count: 3 });
    expect(render(messageOf(aDelivery({ facts }), aContext({ output })))).toMatchInlineSnapshot(`
      "bad | FAILED daily-database-backup on web1: exit 1 after 4m12s (3rd in a row)
      Dumps every database to the vault
      Expected: 2026-01-15 02:00 +01:00 (Europe/Berlin)
      Started: 2026-01-15 02:00 +01:00
      Now: 2026-01-15 02:04:13 +01:00 (Europe/Berlin)
      Host: web1
      Duration: 4m12s, usually 12m
      Last success: 2026-01-14 02:12 +01:00 (23h52m ago)
      Next slot: 2026-01-16 02:00 +01:00
      Owner: data team
      output (the last 20 lines):
      line 6
      line 7
      line 8
      line 9
      line 10
      line 11
      line 12
      line 13
      line 14
      line 15
      line 16
      line 17
      line 18
      line 19
      line 20
      line 21
      line 22
      line 23
      line 24
      line 25
      Run: j1-7 <https://cron.example.com/jobs/daily-database-backup/runs/j1-7>
      Runbook: https://wiki.example.com/backup <https://wiki.example.com/backup>
      Declared in: cronflow.yaml:12 <>
      Reason: exit_code <https://cron.example.com/docs/reasons#exit_code>"
    `);
  });

  test('tells of a recovery', () => {
    const context = aContext({
      nowAt: aClosing().facts.at + 1_000,
      run: aRun({ id: 'j1-8', outcome: 'success' }),
    });
    const output = { text: 'what a good run printed is of no interest', dropped_bytes: 0 };
    expect(render(messageOf(aClosing(), { ...context, output }))).toMatchInlineSnapshot(`
      "good | RESOLVED daily-database-backup: ran fine on web1, was in trouble for 2h10m (3 bad)
      Dumps every database to the vault
      Was: FAILED since 2026-01-15 02:04:12 +01:00
      Now: 2026-01-15 04:14:13 +01:00 (Europe/Berlin)
      Host: web1
      Duration: 11m, usually 12m
      Next slot: 2026-01-16 02:00 +01:00
      Owner: data team
      Run: j1-8 <https://cron.example.com/jobs/daily-database-backup/runs/j1-8>
      Runbook: https://wiki.example.com/backup <https://wiki.example.com/backup>
      Declared in: cronflow.yaml:12 <>"
    `);
  });

  test('tells of a slot that nobody claimed', () => {
    const facts = someFacts({
      outcome: 'missed',
      reason: 'missed',
      at: SLOT_AT + 5 * MINUTE_MS,
      deadline_at: SLOT_AT + 5 * MINUTE_MS,
      exit_code: null,
      host: null,
      duration_ms: null,
    });
    const context = aContext({ nowAt: facts.at, run: slotsRow('j1', 7, { slot_at: SLOT_AT }) });
    expect(render(messageOf(aDelivery({ facts }), context))).toMatchInlineSnapshot(`
      "bad | MISSED daily-database-backup: expected 02:00, nothing by 02:05 (Europe/Berlin)
      Dumps every database to the vault
      Expected: 2026-01-15 02:00 +01:00 (Europe/Berlin)
      Now: 2026-01-15 02:05 +01:00 (Europe/Berlin)
      Last host: web1
      Last success: 2026-01-14 02:12 +01:00 (23h53m ago)
      Next slot: 2026-01-16 02:00 +01:00
      What to do: see whether the host is up, cron runs there and the crontab still has the job
      Owner: data team
      Job: daily-database-backup <https://cron.example.com/jobs/daily-database-backup>
      Runbook: https://wiki.example.com/backup <https://wiki.example.com/backup>
      Declared in: cronflow.yaml:12 <>
      Reason: missed <https://cron.example.com/docs/reasons#missed>"
    `);
  });

  test('tells of an open incident as a reminder', () => {
    const facts = someFacts({ at: SLOT_AT + 252_000 + 6 * 60 * MINUTE_MS, bad_count: 5 });
    const context = aContext({ nowAt: facts.at });
    expect(render(messageOf(aDelivery({ kind: 'reminder', facts }), context))).toMatchInlineSnapshot(`
      "bad | STILL FAILED daily-database-backup on web1: exit 1 after 4m12s; in trouble for 6h (5 bad)
      Dumps every database to the vault
      Expected: 2026-01-15 02:00 +01:00 (Europe/Berlin)
      Started: 2026-01-15 02:00 +01:00
      In trouble since: 2026-01-15 02:04:12 +01:00
      Now: 2026-01-15 08:04:12 +01:00 (Europe/Berlin)
      Host: web1
      Duration: 4m12s, usually 12m
      Last success: 2026-01-14 02:12 +01:00 (1d5h ago)
      Next slot: 2026-01-16 02:00 +01:00
      Owner: data team
      Run: j1-7 <https://cron.example.com/jobs/daily-database-backup/runs/j1-7>
      Runbook: https://wiki.example.com/backup <https://wiki.example.com/backup>
      Declared in: cronflow.yaml:12 <>
      Reason: exit_code <https://cron.example.com/docs/reasons#exit_code>"
    `);
  });

  test('reminds of a missed slot without mistaking its own instant for the deadline', () => {
    const at = SLOT_AT + 6 * 60 * MINUTE_MS;
    const facts = { reason: 'missed', at, deadline_at: at, incident_opened_at: SLOT_AT, host: null } as const;
    expect(titleOf(facts, 'reminder')).toBe(
      'STILL MISSED daily-database-backup: expected 02:00, nothing came (Europe/Berlin); in trouble for 6h',
    );
  });

  test('tells of a failure and its recovery at once', () => {
    const context = aContext({ nowAt: aClosing().facts.at + 1_000, closing: aClosing().facts });
    expect(render(messageOf(aDelivery(), context))).toMatchInlineSnapshot(`
      "over | FAILED AND RESOLVED daily-database-backup on web1: exit 1 after 4m12s; ran fine on web1, was in trouble for 2h10m (3 bad), from 02:04:12 to 04:14:12 (Europe/Berlin)
      Dumps every database to the vault
      Expected: 2026-01-15 02:00 +01:00 (Europe/Berlin)
      Started: 2026-01-15 02:00 +01:00
      Happened: 2026-01-15 02:04:12 +01:00
      Recovered: 2026-01-15 04:14:12 +01:00
      Now: 2026-01-15 04:14:13 +01:00 (Europe/Berlin)
      Host: web1
      Duration: 4m12s, usually 12m
      Last success: 2026-01-14 02:12 +01:00 (1d2h ago)
      Next slot: 2026-01-16 02:00 +01:00
      Owner: data team
      Run: j1-7 <https://cron.example.com/jobs/daily-database-backup/runs/j1-7>
      Runbook: https://wiki.example.com/backup <https://wiki.example.com/backup>
      Declared in: cronflow.yaml:12 <>
      Reason: exit_code <https://cron.example.com/docs/reasons#exit_code>"
    `);
  });

  test('says how many messages were lost before this one', () => {
    expect(fieldOf('Not delivered', {}, { deadCount: 0 })).toBeUndefined();
    expect(fieldOf('Not delivered', {}, { deadCount: 1 })).toBe(
      'one earlier message could not be sent here; what is still open is told again',
    );
    expect(fieldOf('Not delivered', {}, { deadCount: 7 })).toBe(
      '7 earlier messages could not be sent here; what is still open is told again',
    );
  });

  test('can be written when nothing is left but the facts', () => {
    const nothing = { incident: null, job: null, run: null, usualMs: null, publicUrl: null };
    const facts = someFacts({ last_success_at: null, next_slot_at: null, expected_at: null, host: null });
    expect(render(messageOf(aDelivery({ facts }), aContext(nothing)))).toMatchInlineSnapshot(`
      "bad | FAILED daily-database-backup: exit 1 after 4m12s
      Now: 2026-01-15 01:04:13 +00:00 (UTC)
      Last host: web1
      Duration: 4m12s
      Last success: never"
    `);
  });

  test('has a title that reads alone for every reason', () => {
    const titles = REASONS.map(
      (reason) => `${reason} | ${titleOf({ reason, deadline_at: SLOT_AT + 300_000 })}`,
    );
    expect(`\n${titles.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      succeeded | FAILED daily-database-backup on web1: in trouble
      reported_failure | FAILED daily-database-backup on web1: reported a failure after 4m12s
      exit_code | FAILED daily-database-backup on web1: exit 1 after 4m12s
      signal | FAILED daily-database-backup on web1: killed by a signal after 4m12s
      unreadable_report | FAILED daily-database-backup on web1: ended after 4m12s, and nobody can read how
      too_fast | FAILED daily-database-backup on web1: ended after 4m12s, too soon to have done its work
      output_mismatch | FAILED daily-database-backup on web1: ended after 4m12s, but its output is not what was expected
      overlap | FAILED daily-database-backup on web1: started while an earlier run was still going
      stuck_lock | FAILED daily-database-backup on web1: found its lock taken 3 times in a row with no run open
      timeout | TIMEOUT daily-database-backup on web1: still running after 4m12s
      abandoned | ABANDONED daily-database-backup on web1: its run reported no end before the next one began
      too_many_runs | ABANDONED daily-database-backup on web1: more runs open than max_open_runs allows, the oldest given up
      missed | MISSED daily-database-backup on web1: expected 02:00, nothing by 02:05 (Europe/Berlin)
      never_seen | NEVER SEEN daily-database-backup on web1: expected 02:00, nothing by 02:05, nor ever before (Europe/Berlin)
      superseded | FAILED daily-database-backup on web1: in trouble
      overlap_skipped | FAILED daily-database-backup on web1: in trouble
      lock_held | FAILED daily-database-backup on web1: in trouble
      spec_changed | FAILED daily-database-backup on web1: in trouble
      outage | FAILED daily-database-backup on web1: in trouble
      late_report | FAILED daily-database-backup on web1: reported late that it had failed after 4m12s
      rerun | FAILED daily-database-backup on web1: run again later and failed after 4m12s
      started | FAILED daily-database-backup on web1: in trouble
      unscheduled | FAILED daily-database-backup on web1: in trouble
      duplicate | FAILED daily-database-backup on web1: in trouble
      logged | FAILED daily-database-backup on web1: in trouble
      paused | FAILED daily-database-backup on web1: in trouble
      resumed | FAILED daily-database-backup on web1: in trouble
      acknowledged | FAILED daily-database-backup on web1: in trouble
      declared | FAILED daily-database-backup on web1: in trouble
      removed | FAILED daily-database-backup on web1: in trouble
      reminder | FAILED daily-database-backup on web1: in trouble
      announced | FAILED daily-database-backup on web1: in trouble
      gap_noted | FAILED daily-database-backup on web1: in trouble
      nothing_due | FAILED daily-database-backup on web1: in trouble
      config_invalid | CONFIGURATION INVALID daily-database-backup on web1: the last good configuration goes on running
      config_held | CONFIGURATION HELD daily-database-backup on web1: it waits until it is confirmed
      cronflow_away | CRONFLOW WAS AWAY daily-database-backup on web1: some runs may have gone unseen
      store_failing | STORE FAILING daily-database-backup on web1: pings are refused until it works again
      notifier_failing | NOTIFIER FAILING daily-database-backup on web1: messages are not delivered
      "
    `);
  });

  test('has a reminder and a closing for every system incident', () => {
    const reasons = [
      'config_invalid',
      'config_held',
      'cronflow_away',
      'store_failing',
      'notifier_failing',
    ] as const;
    const titles = reasons.flatMap((reason) => [
      systemTitleOf(reason, 'reminder'),
      systemTitleOf(reason, 'closed'),
    ]);
    expect(`\n${titles.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      STILL CONFIGURATION INVALID: what it is; the last good configuration goes on running; in trouble for 5m
      RESOLVED: the configuration is valid again, after 5m
      STILL CONFIGURATION HELD: what it is; it waits until it is confirmed; in trouble for 5m
      RESOLVED: the held configuration was confirmed or taken back, after 5m
      STILL CRONFLOW WAS AWAY: what it is; in trouble for 5m
      RESOLVED: Cronflow sees its jobs again, after 5m
      STILL STORE FAILING: what it is; pings are refused until it works again; in trouble for 5m
      RESOLVED: the store works again, after 5m
      STILL NOTIFIER FAILING: what it is; in trouble for 5m
      RESOLVED: messages are delivered again, after 5m
      "
    `);
  });

  test('shows all of a configuration error that needs more than a line', () => {
    const detail = 'cronflow.yaml:3:5 unknown key "schedul"\n  3 | schedul: x\n    | ^\n';
    const facts = someSystemFacts({ detail });
    const { title, output } = messageOf(aSystemDelivery({ facts }), aContext({ job: null, run: null }));
    expect(title).toBe(
      'CONFIGURATION INVALID: cronflow.yaml:3:5 unknown key "schedul"; the last good configuration goes on running',
    );
    expect(output).toBe(detail.trimEnd());
  });

  test('tells of an absence how long it was, from when to when, and what jobs it touched', () => {
    const detail =
      'for 2h40m, from 2026-01-15 02:00 to 2026-01-15 04:40 (Europe/Berlin); ' +
      'what became of 3 slots and 1 run of 2 jobs is not known\nbackup: 3 slots unknown\nreport: 1 run still open';
    const at = SLOT_AT + 160 * MINUTE_MS;
    const facts = someSystemFacts({ reason: 'cronflow_away', detail, at, incident_opened_at: SLOT_AT });
    const incident = aSystemIncident({ kind: 'outage', reason: 'cronflow_away', closed_at: at });
    const context = aContext({ job: null, run: null, incident, nowAt: at + 15 * MINUTE_MS });
    expect(render(messageOf(aSystemDelivery({ facts }), context))).toMatchInlineSnapshot(`
      "over | CRONFLOW WAS AWAY: for 2h40m, from 2026-01-15 02:00 to 2026-01-15 04:40 (Europe/Berlin); what became of 3 slots and 1 run of 2 jobs is not known
      Back since: 2026-01-15 03:40 +00:00
      Now: 2026-01-15 03:55 +00:00 (UTC)
      What to do: see whether the jobs it could not see have run
      output (all):
      backup: 3 slots unknown
      report: 1 run still open
      Cronflow: https://cron.example.com/ <https://cron.example.com/>
      Reason: cronflow_away <https://cron.example.com/docs/reasons#cronflow_away>"
    `);
  });

  test('shows the beginning of what is long', () => {
    const detail = Array.from({ length: 60 }, (_, index) => `line ${index + 1}`).join('\n');
    const facts = someSystemFacts({ detail });
    const { output, outputNote } = messageOf(aSystemDelivery({ facts }), aContext({ job: null, run: null }));
    expect(output?.split('\n').at(-1)).toBe('line 40');
    expect(outputNote).toBe('the first 40 lines');
    const wide = someSystemFacts({ ...facts, detail: detail.replaceAll('line', 'x'.repeat(200)) });
    const cut = messageOf(aSystemDelivery({ facts: wide }), aContext({ job: null, run: null }));
    expect(cut.output!.length).toBeLessThanOrEqual(2_500);
    expect(cut.outputNote).toBe('the first 12 lines');
  });

  test('names the signal however the client wrote it', () => {
    expect(signalTitleOf('TERM')).toContain('killed by SIGTERM after 4m12s');
    expect(signalTitleOf('sigkill')).toContain('killed by SIGKILL after');
    expect(signalTitleOf('9')).toContain('killed by signal 9 after');
    expect(signalTitleOf(null)).toContain('killed by a signal after');
  });

  test('says how a recovery came about', () => {
    expect(closingTitleOf({ incident: anIncident({ close_reason: 'late_report' }) }, { bad_count: 1 })).toBe(
      'RESOLVED daily-database-backup: had run fine on web1 after all and said so late, was in trouble for 2h10m',
    );
    expect(closingTitleOf({}, { reason: 'rerun', host: null })).toBe(
      'RESOLVED daily-database-backup: ran fine when run again, was in trouble for 2h10m (3 bad)',
    );
  });

  test('names the day where the deadline is on another than the slot', () => {
    const expectedAt = Date.UTC(2026, 0, 15, 22, 58);
    const facts = {
      expected_at: expectedAt,
      deadline_at: expectedAt + 5 * MINUTE_MS,
      at: expectedAt + 5 * MINUTE_MS,
    };
    expect(titleOf({ ...facts, reason: 'missed', host: null })).toBe(
      'MISSED daily-database-backup: expected 2026-01-15 23:58, nothing by 2026-01-16 00:03 (Europe/Berlin)',
    );
  });

  test('tells the two times 02:30 of an autumn night apart', () => {
    // Europe/Berlin, 2026-10-25: 03:00 +02:00 -> 02:00 +01:00 at 01:00 UTC.
    expect(fieldOf('Expected', { expected_at: Date.UTC(2026, 9, 25, 0, 30) })).toBe(
      '2026-10-25 02:30 +02:00 (Europe/Berlin)',
    );
    expect(fieldOf('Expected', { expected_at: Date.UTC(2026, 9, 25, 1, 30) })).toBe(
      '2026-10-25 02:30 +01:00 (Europe/Berlin)',
    );
  });

  test('says when the event happened if that is a while ago', () => {
    expect(fieldOf('Happened', {}, { nowAt: SLOT_AT + 252_000 + 59_000 })).toBeUndefined();
    expect(fieldOf('Happened', {}, { nowAt: SLOT_AT + 252_000 + 60_000 })).toBe('2026-01-15 02:04:12 +01:00');
  });

  test('shows what a terminal would have shown, and nothing that plays tricks', () => {
    const text = 'ut \u001b[31mred\u001b[0m\r\n10%\r99%\rdone\n\u202Egnp.exe\u0000\u0007 \ud800!\n';
    const { output, outputNote } = messageOf(aDelivery(), aContext({ output: { text, dropped_bytes: 5 } }));
    expect(output).toBe('… red\ndone\ngnp.exe \ufffd!');
    expect(outputNote).toBe('the last 3 lines');
  });

  test('hides secrets in what was printed, before it is cut to its last lines', () => {
    const key = 'MIIEowIBAAKCAQEA'.repeat(4);
    const block = [`-----BEGIN PRIVATE KEY-----`, ...Array.from({ length: 30 }, () => key)];
    const text = [...block, '-----END PRIVATE KEY-----', 'pass\u001b[1mword=hunter2', 'card 4111'].join('\n');
    const context = {
      output: { text, dropped_bytes: 0 },
      redact: (each: string) => redact(each, ['\\d{4}']),
    };
    const { output, outputNote } = messageOf(aDelivery(), aContext(context));
    expect(output?.split('\n').slice(-3)).toEqual([
      '-----END PRIVATE KEY-----',
      'password=[redacted]',
      'card [redacted]',
    ]);
    expect(output).not.toContain(key);
    expect(outputNote).toBeNull();
  });

  test('leaves out the word of which the beginning was dropped: it may be the rest of a secret', () => {
    const output = { text: 'unter2 is wrong\nthe error', dropped_bytes: 9 };
    expect(messageOf(aDelivery(), aContext({ output })).output).toBe('… is wrong\nthe error');
  });

  test('hides secrets in what quotes a job, in words and in the records for notifiers without words', () => {
    const detail = 'the output contains "password=hunter2"';
    const facts = someFacts({ reason: 'output_mismatch', detail });
    const closing = { ...aClosing().facts, detail };
    const context = aContext({ run: aRun({ detail }), incident: anIncident(), closing });
    const message = messageOf(aDelivery({ facts }), context);
    expect(message.title).toContain('but the output contains "password=[redacted]"');
    expect(JSON.stringify(message)).not.toContain('hunter2');
    const ofCronflow = aContext({ job: null, run: null, incident: aSystemIncident({ detail }) });
    const told = messageOf(aSystemDelivery({ facts: someSystemFacts({ detail }) }), ofCronflow);
    expect(told.title).toContain('the output contains "password=[redacted]"');
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });

  test('looks at the end of a hostile output, however long that is', () => {
    for (const piece of ['\r', '\u001b[0', 'password=', '\ud800', '`', '\n'])
      messageOf(
        aDelivery(),
        aContext({ output: { text: piece.repeat(10_000_000 / piece.length), dropped_bytes: 0 } }),
      );
    const text = `${'x'.repeat(10_000_000)} the error`;
    const { output, outputNote } = messageOf(aDelivery(), aContext({ output: { text, dropped_bytes: 0 } }));
    expect(output).toMatch(/^…x{290,}…$/);
    expect(outputNote).toBe('the last line');
  });

  test('keeps a host that is no host name on one line', () => {
    const facts = someFacts({ host: `web1\n\u001b[2JFAKE: all is well ${'x'.repeat(300)}` });
    const { title } = messageOf(aDelivery({ facts }), aContext());
    expect(title).toMatch(/^FAILED daily-database-backup on web1 FAKE: all is well x+…: exit 1 after 4m12s$/);
    expect(title.length).toBeLessThan(200);
  });

  test('says its reason again only where the title has no room for it', () => {
    expect(fieldOf('Reason', {})).toBeUndefined();
    const name = `job-${'x'.repeat(390)}`;
    expect(fieldOf('Reason', { job_name: name })).toBe('exit 1 after 4m12s');
  });

  test('says when a run started, unless only its end was reported', () => {
    expect(fieldOf('Started', {})).toBe('2026-01-15 02:00 +01:00');
    expect(fieldOf('Started', { duration_ms: null })).toBeUndefined();
  });

  test('links to the line that declares the job where it has an address', () => {
    expect(declaredIn('https://git.example.com/')).toEqual([
      'cronflow.yaml:12',
      'https://git.example.com/cronflow.yaml#L12',
    ]);
    expect(declaredIn('javascript:')).toEqual(['cronflow.yaml:12', null]);
    expect(declaredIn(null)).toEqual(['cronflow.yaml:12', null]);
  });

  test('links to nothing but http and https', () => {
    expect(linksTo('javascript:alert(1)')).toEqual([]);
    expect(linksTo('not an address')).toEqual([]);
    expect(linksTo('https://wiki.example.com/a b|c>d')).toEqual([
      {
        label: 'Runbook',
        text: 'https://wiki.example.com/a%20b%7Cc%3Ed',
        url: 'https://wiki.example.com/a%20b%7Cc%3Ed',
      },
    ]);
  });

  test('reads a time zone that no longer exists as UTC', () => {
    const job = aJob({ declaration: { timezone: 'Mars/Olympus' } });
    expect(
      messageOf(aDelivery(), aContext({ job })).fields.find(({ label }) => label === 'Expected')?.value,
    ).toBe('2026-01-15 01:00 +00:00 (Mars/Olympus)');
  });
});

test('says of trouble of Cronflow in whose place another came that it was replaced, not that it was paused', () => {
  const at = SLOT_AT + 552_000;
  const facts = someSystemFacts({ detail: 'what it is', at });
  const delivery = aSystemDelivery({ kind: 'closed_silently', facts });
  const incident = aSystemIncident({ close_reason: 'recovered' });
  const { title } = messageOf(delivery, aContext({ job: null, run: null, incident }));
  expect(title).toMatch(/^REPLACED: was in trouble for /);
});

describe('the mentions of a message', () => {
  test('are those of the job when its trouble begins, and nobody at any other time', () => {
    const context = aContext({ job: aJob({ declaration: { mention: ['U024BE7LH', 'here'] } }) });
    const mentions = (delivery: Delivery, changes: Partial<MessageContext> = {}): readonly string[] =>
      messageOf(delivery, { ...context, ...changes }).mentions;
    expect(mentions(aDelivery())).toEqual(['U024BE7LH', 'here']);
    expect(mentions(aDelivery({ kind: 'reminder' }))).toEqual([]);
    expect(mentions(aDelivery({ kind: 'closed_silently' }))).toEqual([]);
    expect(mentions(aClosing())).toEqual([]);
    expect(mentions(aDelivery(), { closing: aClosing().facts })).toEqual([]);
    expect(mentions(aDelivery(), { job: null })).toEqual([]);
  });
});

describe('bareMessageOf', () => {
  test('says that something is wrong when nothing better can be said', () => {
    expect(bareMessageOf(aDelivery(), false).title).toBe('IN TROUBLE daily-database-backup: exit_code');
    expect(bareMessageOf(aDelivery(), true).title).toBe(
      'IN TROUBLE AND RESOLVED daily-database-backup: exit_code',
    );
    expect(bareMessageOf(aClosing(), false).title).toBe('RESOLVED daily-database-backup: succeeded');
  });
});

describe('usualMsOf', () => {
  test('returns the median of the successful runs', () => {
    const runs = [1_000, 9_000, 2_000, 500].map((duration_ms) => aRun({ outcome: 'success', duration_ms }));
    expect(usualMsOf([])).toBeNull();
    expect(usualMsOf([aRun()])).toBeNull();
    expect(usualMsOf(runs.slice(0, 3))).toBe(2_000);
    expect(usualMsOf([...runs, aRun({ duration_ms: 1 })])).toBe(1_500);
  });
});
