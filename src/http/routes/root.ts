import { PAGE_POLICY, SESSION_PAGE_POLICY } from '../answer/headers.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { escapeHtml } from '../../core/text/html.ts';

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

/** Declares `/`, which says what this is and where to go on: as a page for a browser and as JSON for others. */
export function rootRoutes(services: Services): Route[] {
  return [{ method: 'GET', path: '/', scope: 'read', handle: (ctx) => root(ctx, services) }];
}

function root(ctx: HttpContext, services: Services): void {
  const { version } = services;
  const warnings = [...services.notices()];
  const { basePath } = ctx.state;
  const links = Object.fromEntries(Object.entries(LINKS).map(([name, path]) => [name, `${basePath}${path}`]));
  ctx.vary('Accept');
  if (ctx.accepts('json', 'html') !== 'html') {
    ctx.body = { message: 'Cronflow watches cron jobs.', name: 'cronflow', version, links, warnings };
    return;
  }
  ctx.type = 'text/html; charset=utf-8';
  const session = ctx.state.session?.holder.name ?? null;
  ctx.set('Content-Security-Policy', session === null ? PAGE_POLICY : SESSION_PAGE_POLICY);
  // Without a referrer a browser would send no origin with the form.
  if (session !== null) ctx.set('Referrer-Policy', 'same-origin');
  ctx.body = page(version, { links, basePath, warnings, session });
}

interface RootPage {
  links: Readonly<Record<string, string>>;
  basePath: string;
  warnings: readonly string[];
  /** The name of the token of the session; null without one. */
  session: string | null;
}

function page(version: string, { links, basePath, warnings, session }: RootPage): string {
  const items = Object.entries(links).map(([name, path]) => `<li><a href="${path}">${name}</a></li>`);
  const notes = warnings.map((warning) => `<p role="alert">${escapeHtml(warning)}</p>`);
  const out = `<form method="post" action="${basePath}/logout"><button>Log out</button></form>`;
  const who =
    session === null ? '' : `<p>This is a session of the token "${escapeHtml(session)}".</p>\n${out}\n`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Cronflow</title><link rel="stylesheet" href="${basePath}/docs/docs.css"></head>
<body><main>
<h1>Cronflow <small>${escapeHtml(version)}</small></h1>
<p>Cronflow watches cron jobs.</p>
${notes.join('\n')}
<ul>
${items.join('\n')}
</ul>
${who}</main></body>
</html>
`;
}
