import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { readWebFiles } from '../web-files.ts';
import { dashboardRoutes, showPage, type WithoutScript } from './dashboard.ts';

const LINKS = {
  docs: '/docs',
  reasons: '/docs/reasons',
  openapi: '/openapi.json',
  jobs: '/jobs',
  runs: '/runs',
  slots: '/slots',
  incidents: '/incidents',
  deliveries: '/deliveries',
  config: '/config',
  audit: '/audit',
  ready: '/readyz',
} as const;

/**
 * Declares `/`, which is the dashboard for a browser, and JSON for others: what this is and where to go on. The other
 * addresses of the dashboard come with it.
 */
export function rootRoutes(services: Services): Route[] {
  const web = readWebFiles();
  const about = (ctx: HttpContext): WithoutScript => aboutOf(ctx, services);
  const handle = (ctx: HttpContext): void => {
    ctx.vary('Accept');
    const { version, links, warnings } = about(ctx);
    if (ctx.accepts('json', 'html') === 'html') showPage(ctx, web, { version, links, warnings });
    else ctx.body = { message: 'Cronflow watches cron jobs.', name: 'cronflow', version, links, warnings };
  };
  return [{ method: 'GET', path: '/', scope: 'read', handle }, ...dashboardRoutes({ web }, about)];
}

function aboutOf({ state }: HttpContext, services: Services): WithoutScript {
  const links = Object.entries(LINKS).map(([name, path]) => [name, `${state.basePath}${path}`]);
  return { version: services.version, links: Object.fromEntries(links), warnings: services.notices() };
}
