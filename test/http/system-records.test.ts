import { SYSTEM_SCOPE } from '../../src/apply/system.ts';
import { describe, expect, test } from 'vitest';
import { noteNotifierFails } from '../../src/apply/failing-notifiers.ts';
import { reportMended, reportTrouble } from '../../src/apply/system.ts';
import { HOUR_MS } from '../../src/schedule/units.ts';
import { startServer } from './support.ts';

/**
 * Trouble of Cronflow itself has none of the figures of a job. Its answers hold them all the same, because clients of
 * the API read one shape (schemas/openapi.yaml).
 */
async function startWithTrouble() {
  const server = await startServer();
  const { clock, store } = server;
  await server.configure({}, {}, ['ops', 'pager']);
  const causes = ['3:5 unknown key'];
  const broken = { kind: 'config', reason: 'config_invalid', detail: 'cronflow.yaml:3:5', causes } as const;
  await reportTrouble(store, broken, clock.now());
  await clock.advance(HOUR_MS);
  await store.transact(SYSTEM_SCOPE, (tx) => noteNotifierFails(tx, 'pager', 'it answered 404', clock.now()));
  await reportMended(store, 'config', clock.now());
  return server;
}

describe('trouble of Cronflow itself', () => {
  test('is written with every key of an incident, in the order of all others', async () => {
    const { request } = await startWithTrouble();
    expect((await request('/incidents')).text).toMatchInlineSnapshot(
      `"[{"id":"notifier-1768482000000-1","job_id":null,"job_name":null,"kind":"notifier","opened_at":"2026-01-15T13:00:00.000Z","closed_at":null,"reason":"notifier_failing","opened_by_run_id":null,"close_reason":null,"kinds":["failure"],"bad_count":1,"outcomes":[],"told":["ops"],"next_reminder_at":null,"reminder_count":0,"announce_at":null,"acknowledged_until_at":null,"detail":"messages to pager are not delivered: it answered 404","subject":"pager"},{"id":"config-1768478400000-0","job_id":null,"job_name":null,"kind":"config","opened_at":"2026-01-15T12:00:00.000Z","closed_at":"2026-01-15T13:00:00.000Z","reason":"config_invalid","opened_by_run_id":null,"close_reason":"recovered","kinds":["failure"],"bad_count":1,"outcomes":[],"told":["ops","pager"],"next_reminder_at":null,"reminder_count":0,"announce_at":null,"acknowledged_until_at":null,"detail":"cronflow.yaml:3:5"}]"`,
    );
  });

  test('is written with every key of a delivery, in the order of all others', async () => {
    const { request } = await startWithTrouble();
    expect((await request('/deliveries')).text).toMatchInlineSnapshot(
      `"[{"id":"config-1768478400000-0.ops.closed","job_id":null,"incident_id":"config-1768478400000-0","notifier":"ops","kind":"closed","created_at":"2026-01-15T13:00:00.000Z","status":"pending","attempts":0,"next_attempt_at":"2026-01-15T13:00:00.000Z","finished_at":null,"last_error":null,"facts":{"job_name":null,"outcome":null,"reason":"config_invalid","at":"2026-01-15T13:00:00.000Z","run_id":null,"exit_code":null,"signal":null,"host":null,"duration_ms":null,"expected_at":null,"deadline_at":null,"bad_count":1,"last_success_at":null,"next_slot_at":null,"incident_opened_at":"2026-01-15T12:00:00.000Z","detail":"cronflow.yaml:3:5"}},{"id":"config-1768478400000-0.pager.closed","job_id":null,"incident_id":"config-1768478400000-0","notifier":"pager","kind":"closed","created_at":"2026-01-15T13:00:00.000Z","status":"pending","attempts":0,"next_attempt_at":"2026-01-15T13:00:00.000Z","finished_at":null,"last_error":null,"facts":{"job_name":null,"outcome":null,"reason":"config_invalid","at":"2026-01-15T13:00:00.000Z","run_id":null,"exit_code":null,"signal":null,"host":null,"duration_ms":null,"expected_at":null,"deadline_at":null,"bad_count":1,"last_success_at":null,"next_slot_at":null,"incident_opened_at":"2026-01-15T12:00:00.000Z","detail":"cronflow.yaml:3:5"}},{"id":"notifier-1768482000000-1.ops.opened","job_id":null,"incident_id":"notifier-1768482000000-1","notifier":"ops","kind":"opened","created_at":"2026-01-15T13:00:00.000Z","status":"pending","attempts":0,"next_attempt_at":"2026-01-15T13:00:00.000Z","finished_at":null,"last_error":null,"facts":{"job_name":null,"outcome":null,"reason":"notifier_failing","at":"2026-01-15T13:00:00.000Z","run_id":null,"exit_code":null,"signal":null,"host":null,"duration_ms":null,"expected_at":null,"deadline_at":null,"bad_count":1,"last_success_at":null,"next_slot_at":null,"incident_opened_at":"2026-01-15T13:00:00.000Z","detail":"messages to pager are not delivered: it answered 404"}},{"id":"config-1768478400000-0.ops.opened","job_id":null,"incident_id":"config-1768478400000-0","notifier":"ops","kind":"opened","created_at":"2026-01-15T12:00:00.000Z","status":"pending","attempts":0,"next_attempt_at":"2026-01-15T12:00:00.000Z","finished_at":null,"last_error":null,"facts":{"job_name":null,"outcome":null,"reason":"config_invalid","at":"2026-01-15T12:00:00.000Z","run_id":null,"exit_code":null,"signal":null,"host":null,"duration_ms":null,"expected_at":null,"deadline_at":null,"bad_count":1,"last_success_at":null,"next_slot_at":null,"incident_opened_at":"2026-01-15T12:00:00.000Z","detail":"cronflow.yaml:3:5"}},{"id":"config-1768478400000-0.pager.opened","job_id":null,"incident_id":"config-1768478400000-0","notifier":"pager","kind":"opened","created_at":"2026-01-15T12:00:00.000Z","status":"pending","attempts":0,"next_attempt_at":"2026-01-15T12:00:00.000Z","finished_at":null,"last_error":null,"facts":{"job_name":null,"outcome":null,"reason":"config_invalid","at":"2026-01-15T12:00:00.000Z","run_id":null,"exit_code":null,"signal":null,"host":null,"duration_ms":null,"expected_at":null,"deadline_at":null,"bad_count":1,"last_success_at":null,"next_slot_at":null,"incident_opened_at":"2026-01-15T12:00:00.000Z","detail":"cronflow.yaml:3:5"}}]"`,
    );
  });
});
