import type { Registry } from 'prom-client';
import { INCIDENT_KINDS } from '../../core/model/records.ts';
import { STATUSES } from '../../core/model/reasons.ts';
import { DELIVERY_STATUSES } from '../../core/model/records.ts';
import { MESSAGE_OUTCOMES } from '../../observe/message-counts.ts';
import type { DeliveryCounts } from '../../store/store.ts';
import { activityMetrics } from '../metrics/activity.ts';
import { jobMetrics } from '../metrics/jobs.ts';
import { Metrics } from '../metrics/registry.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { shared } from '../answer/result-cache.ts';

/** Declares `/metrics`, which Prometheus reads (docs/design.md §8). Every value is read when it is scraped. */
export function metricsRoutes(services: Services): Route[] {
  const registry = registryOf(services);
  const scrape = shared(services.clock, () => registry.metrics());
  return [
    {
      method: 'GET',
      path: '/metrics',
      scope: 'read',
      async handle(ctx: HttpContext) {
        ctx.type = registry.contentType;
        ctx.body = await scrape();
      },
    },
  ];
}

function registryOf(services: Services): Registry {
  const metrics = new Metrics();
  configGauges(services, metrics);
  stateGauges(services, metrics);
  activityMetrics(services, metrics);
  deliveryMetrics(services, metrics);
  heartbeatMetrics(services, metrics);
  jobMetrics(services, metrics);
  return metrics.registry;
}

function configGauges(services: Services, metrics: Metrics): void {
  metrics.gauge(
    'config_ok',
    'Whether the configuration on disk is the one that runs: 1, or 0 with the reason in /config.',
    [],
    (gauge) => gauge.set(services.configStatus().last_error === null ? 1 : 0),
  );
  metrics.gauge(
    'config_held',
    'Whether a change that removes most jobs waits to be confirmed.',
    [],
    (gauge) => gauge.set(services.configStatus().held === null ? 0 : 1),
  );
  metrics.gauge('config_info', 'The revision that runs, as a label.', ['revision'], (gauge) => {
    const { revision } = services.configStatus();
    if (revision !== null) gauge.set({ revision }, 1);
  });
  metrics.gauge(
    'config_applied_timestamp_seconds',
    'When the configuration that runs was applied.',
    [],
    (gauge) => {
      const { applied_at: appliedAt } = services.configStatus();
      if (appliedAt !== null) gauge.set(appliedAt / 1000);
    },
  );
}

function stateGauges(services: Services, metrics: Metrics): void {
  const { store } = services;
  const count = { skip: 0, limit: 1 };
  metrics.gauge(
    'build_info',
    'The version of Cronflow and of Node, as labels.',
    ['version', 'node_version'],
    (gauge) => gauge.set({ version: services.version, node_version: process.version }, 1),
  );
  metrics.gauge('store_ok', 'Whether the store takes commits: 1, or 0.', [], (gauge) =>
    gauge.set(store.health().ok ? 1 : 0),
  );
  const meters = (): boolean => services.metersStore?.() ?? true;
  metrics.gauge('jobs', 'Jobs by status.', ['status'], async (gauge) => {
    if (!meters()) return;
    for (const status of STATUSES) gauge.set({ status }, (await store.listJobs({ ...count, status })).total);
  });
  metrics.gauge('jobs_in_trouble', 'Jobs with an open incident.', [], async (gauge) => {
    if (meters()) gauge.set((await store.listJobs({ ...count, incident: 'open' })).total);
    else gauge.remove();
  });
  const open = 'Open incidents by kind: of jobs, and of Cronflow itself.';
  metrics.gauge('incidents_open', open, ['kind'], async (gauge) => {
    if (!meters()) return;
    for (const [kind, total] of await openByKind(services)) gauge.set({ kind }, total);
  });
  metrics.gauge(
    'unknown_ping_names',
    'Names that ping and that nobody declared, since the start.',
    [],
    (gauge) => gauge.set(services.unknownPings().length),
  );
}

/** Counts open incidents by kind. Those of Cronflow itself are few, and those of jobs are the rest. */
async function openByKind({ store }: Services): Promise<Map<string, number>> {
  const counts = new Map<string, number>(INCIDENT_KINDS.map((kind) => [kind, 0]));
  const { total } = await store.incidents({ skip: 0, limit: 1, open: true });
  const ofCronflow = await store.view({ system_incidents: true }, (view) => view.openSystemIncidents());
  for (const { kind } of ofCronflow) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts.set('job', Math.max(0, total - ofCronflow.length));
}

function heartbeatMetrics(services: Services, metrics: Metrics): void {
  metrics.gauge(
    'heartbeat_ok',
    'Whether heartbeats are sent and taken; absent where none is configured.',
    [],
    (gauge) => {
      const status = services.heartbeat();
      if (status !== null) gauge.set(status.trouble === null ? 1 : 0);
      else gauge.remove();
    },
  );
  metrics.counter('heartbeats', 'Heartbeats since the start.', ['outcome'], (counter) => {
    const status = services.heartbeat();
    if (status === null) return;
    counter.inc({ outcome: 'taken' }, status.taken);
    counter.inc({ outcome: 'failed' }, status.failed);
  });
}

/**
 * Adds the metrics of deliveries. Every configured notifier has its series from the start, so that a first failure
 * shows as a change.
 */
function deliveryMetrics(services: Services, metrics: Metrics): void {
  const { store, clock, messages } = services;
  const configured = (): readonly string[] => services.globals().notifiers;
  const kept = async (): Promise<DeliveryCounts[]> => {
    if (services.metersStore?.() === false) return [];
    const counts = await store.deliveryCounts();
    const others = configured().filter((name) => !counts.some(({ notifier }) => notifier === name));
    const nothing = { pending: 0, sent: 0, logged: 0, dead: 0, oldest_pending_at: null };
    return [...counts, ...others.map((notifier) => ({ notifier, ...nothing }))];
  };
  metrics.gauge(
    'deliveries',
    'Messages kept: owed, sent, only logged, and given up.',
    ['notifier', 'status'],
    async (gauge) => {
      for (const { notifier, ...counts } of await kept())
        for (const status of DELIVERY_STATUSES) gauge.set({ notifier, status }, counts[status]);
    },
  );
  const nobody =
    'Whether a notifier that is meant to tell somebody has no address, so that its messages are only logged: 1; else 0.';
  metrics.gauge('notifier_tells_nobody', nobody, ['notifier'], (gauge) => {
    const silent = services.tellingNobody();
    for (const notifier of configured()) gauge.set({ notifier }, silent.includes(notifier) ? 1 : 0);
  });
  const refused =
    'Whether the receiver of a notifier refuses what this instance sends, so that other instances send it: 1; else 0.';
  metrics.gauge('notifier_refuses_instance', refused, ['notifier'], (gauge) => {
    const refusing = services.refusing?.() ?? [];
    for (const notifier of configured()) gauge.set({ notifier }, refusing.includes(notifier) ? 1 : 0);
  });
  const age = 'For how long the oldest message that is not sent yet has been owed; 0 for none.';
  metrics.gauge('delivery_oldest_pending_seconds', age, ['notifier'], async (gauge) => {
    for (const { notifier, oldest_pending_at: at } of await kept())
      gauge.set({ notifier }, at === null ? 0 : Math.max(0, clock.now() - at) / 1000);
  });
  const outcomes = 'Messages since the start: sent, only logged, not sent and to be tried again, given up.';
  metrics.counter('messages', outcomes, ['notifier', 'outcome'], (counter) => {
    for (const notifier of new Set([...configured(), ...messages.all.keys()]))
      for (const outcome of MESSAGE_OUTCOMES)
        counter.inc({ notifier, outcome }, messages.all.get(notifier)?.[outcome] ?? 0);
  });
}
