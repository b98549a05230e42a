import { PING_KINDS } from '../../core/model/reasons.ts';
import { PING_RESULTS, RELOAD_RESULTS } from '../../observe/service-counts.ts';
import type { Services } from '../services.ts';
import type { Metrics } from './registry.ts';

/** Adds what the service has done since its start: pings, runs, incidents, commits, checks and reloads. */
export function activityMetrics(services: Services, metrics: Metrics): void {
  pingMetrics(services, metrics);
  runMetrics(services, metrics);
  workMetrics(services, metrics);
}

/** Every kind and result has its series from the start, so that the first refusal shows as a change. */
function pingMetrics({ counts }: Services, metrics: Metrics): void {
  const help = 'Pings since the start, by kind and what became of them.';
  metrics.counter('pings', help, ['kind', 'result'], (counter) => {
    for (const kind of PING_KINDS)
      for (const result of PING_RESULTS)
        counter.inc({ kind, result }, counts.pings.get(kind)?.get(result) ?? 0);
  });
}

function runMetrics({ counts }: Services, metrics: Metrics): void {
  const ended = 'Runs, and slots without one, that ended since the start, by outcome and reason.';
  metrics.counter('runs', ended, ['outcome', 'reason'], (counter) => {
    for (const [outcome, reasons] of counts.ended)
      for (const [reason, count] of reasons) counter.inc({ outcome, reason }, count);
  });
  const opened = 'Incidents that opened since the start, by kind and reason.';
  metrics.counter('incidents_opened', opened, ['kind', 'reason'], (counter) => {
    for (const [kind, reasons] of counts.opened)
      for (const [reason, count] of reasons) counter.inc({ kind, reason }, count);
  });
  const durations = 'How long runs took whose end was reported, since the start.';
  metrics.histogram('run_duration_seconds', durations, () => [[{}, counts.runs]]);
  const success = 'When a run last succeeded, of any job, since the start; absent before.';
  metrics.gauge('last_success_timestamp_seconds', success, [], (gauge) => {
    if (counts.lastSuccessAt !== null) gauge.set(counts.lastSuccessAt / 1000);
    else gauge.remove();
  });
}

function workMetrics(services: Services, metrics: Metrics): void {
  const { counts, clock, store, checkedMs } = services;
  metrics.histogram('store_sync_duration_seconds', 'How long the disk took to sync each commit.', () => [
    [{}, counts.sync],
  ]);
  const lag = 'For how long the job that is due longest has waited for the checker; 0 for none.';
  metrics.gauge('checker_lag_seconds', lag, [], async (gauge) => {
    const dueAt = await store.earliestDueAt();
    gauge.set(dueAt === null ? 0 : Math.max(0, clock.now() - dueAt) / 1000);
  });
  const passed = 'For how long no check has left nothing undone; absent before the first.';
  metrics.gauge('checker_last_pass_age_seconds', passed, [], (gauge) => {
    const ms = checkedMs?.() ?? null;
    if (ms === null) gauge.remove();
    else gauge.set(Math.max(0, clock.monotonic() - ms) / 1000);
  });
  const reloads = 'Attempts to read the configuration since the start.';
  metrics.counter('config_reloads', reloads, ['result'], (counter) => {
    for (const result of RELOAD_RESULTS) counter.inc({ result }, counts.reloads.get(result) ?? 0);
  });
  const took = 'How long the last reload took; absent before the first.';
  metrics.gauge('config_last_reload_duration_seconds', took, [], (gauge) => {
    if (counts.lastReload === null) gauge.remove();
    else gauge.set(counts.lastReload.durationMs / 1000);
  });
  const when = 'When the configuration was last read again, whatever came of it; absent before.';
  metrics.gauge('config_last_reload_timestamp_seconds', when, [], (gauge) => {
    if (counts.lastReload === null) gauge.remove();
    else gauge.set(counts.lastReload.at / 1000);
  });
}
