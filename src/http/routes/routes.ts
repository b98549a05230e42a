import type { Route } from '../router.ts';
import type { Services } from '../services.ts';
import { auditRoutes } from './audit.ts';
import { badgeRoutes } from './badges.ts';
import { configRoutes } from './config.ts';
import { dayRoutes } from './days.ts';
import { deliveryRoutes } from './deliveries.ts';
import { docsRoutes } from './docs.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { healthchecksRoutes } from './healthchecks.ts';
import { incidentRoutes } from './incidents.ts';
import { jobRoutes } from './jobs.ts';
import { metricsRoutes } from './metrics.ts';
import { withPages } from './page-links.ts';
import { pingRoutes } from './pings.ts';
import { rootRoutes } from './root.ts';
import { recentRunRoutes } from './recent-runs.ts';
import { runRoutes } from './runs.ts';
import { slotRoutes } from './slots.ts';
import { sessionRoutes } from './sessions.ts';
import { unknownPingRoutes } from './unknown-pings.ts';
import { whyRoutes } from './why.ts';

/** Returns all routes; `schemas/openapi.yaml` describes exactly these. */
export function allRoutes(services: Services): Route[] {
  return withPages([
    ...rootRoutes(services),
    ...healthRoutes(services),
    ...metricsRoutes(services),
    ...docsRoutes(services),
    ...jobRoutes(services),
    ...pingRoutes(services),
    ...healthchecksRoutes(services),
    ...unknownPingRoutes(services),
    ...recentRunRoutes(services),
    ...runRoutes(services),
    ...slotRoutes(services),
    ...badgeRoutes(services),
    ...dayRoutes(services),
    ...whyRoutes(services),
    ...incidentRoutes(services),
    ...deliveryRoutes(services),
    ...configRoutes(services),
    ...auditRoutes(services),
    ...sessionRoutes(services),
    ...eventRoutes(services),
  ]);
}
