import { CronflowError } from '../../core/model/errors.ts';
import { escapeHtml } from '../../core/text/html.ts';
import { isKnownToClient } from '../answer/etag.ts';
import { PAGE_POLICY, SESSION_PAGE_POLICY } from '../answer/headers.ts';
import type { HttpContext, Route } from '../router.ts';
import type { WebFile, WebFiles } from '../web-files.ts';

/** The screens of the dashboard that are no page of one thing. `/` is the first screen. */
const SCREENS: ReadonlySet<string> = new Set([
  'timeline',
  'incidents',
  'deliveries',
  'configuration',
  'audit',
  'check',
]);
/** The pages of one thing. The page itself says where there is no such thing, since it asks for the data. */
const PAGES_OF_ONE = ['/ui/jobs/:name', '/ui/jobs/:name/runs/:id', '/ui/incidents/:id'];

/** What the page shows a browser that runs no script. */
export interface WithoutScript {
  version: string;
  /** Where to go on, by what is there. */
  links: Readonly<Record<string, string>>;
  warnings: readonly string[];
}

/**
 * Declares the addresses of the dashboard but for `/`. They begin with `/ui`, so that none is one of the API. The page
 * is the same at each: a script that talks to the API like any other client.
 */
export function dashboardRoutes(
  { web }: { web: WebFiles },
  withoutScript: (ctx: HttpContext) => WithoutScript,
): Route[] {
  const show = (ctx: HttpContext): void => showPage(ctx, web, withoutScript(ctx));
  const screen: Route = {
    method: 'GET',
    path: '/ui/:screen',
    scope: 'read',
    handle(ctx) {
      const name = ctx.params['screen'] ?? '';
      if (SCREENS.has(name)) return show(ctx);
      const message = `There is no screen ${JSON.stringify(name.slice(0, 128))}. There are ${[...SCREENS].join(', ')}.`;
      throw new CronflowError('not_found', message);
    },
  };
  const file: Route = {
    method: 'GET',
    path: '/ui/assets/:file',
    scope: 'read',
    handle: (ctx) => showFile(ctx, web.files.get(ctx.params['file'] ?? '')),
  };
  const ofOne = PAGES_OF_ONE.map((path): Route => ({ method: 'GET', path, scope: 'read', handle: show }));
  return [screen, file, ...ofOne];
}

/** Answers with the page of the dashboard. */
export function showPage(ctx: HttpContext, { page }: WebFiles, withoutScript: WithoutScript): void {
  const { basePath, session } = ctx.state;
  const name = session?.holder.name ?? null;
  ctx.set('Content-Security-Policy', name === null ? PAGE_POLICY : SESSION_PAGE_POLICY);
  // Without a referrer a browser would send no origin with the form to log out.
  if (name !== null) ctx.set('Referrer-Policy', 'same-origin');
  const text = page
    .replaceAll('="./assets/', `="${basePath}/ui/assets/`)
    .replace('data-base=""', `data-base="${basePath}"`)
    .replace(
      '<noscript></noscript>',
      () => `<noscript>${plainPage(withoutScript, basePath, name)}</noscript>`,
    );
  if (isKnownToClient(ctx, text)) return;
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = text;
}

function plainPage(
  { version, links, warnings }: WithoutScript,
  basePath: string,
  session: string | null,
): string {
  const items = Object.entries(links).map(([name, path]) => `<li><a href="${path}">${name}</a></li>`);
  const notes = warnings.map((warning) => `<p role="alert">${escapeHtml(warning)}</p>`);
  const out = `<form method="post" action="${basePath}/logout"><button>Log out</button></form>`;
  const who =
    session === null ? '' : `<p>This is a session of the token "${escapeHtml(session)}".</p>\n${out}\n`;
  return `<main>
<h1>Cronflow <small>${escapeHtml(version)}</small></h1>
<p>Cronflow watches cron jobs. This page needs a script, and these addresses need none.</p>
${notes.join('\n')}
<ul>
${items.join('\n')}
</ul>
${who}</main>`;
}

function showFile(ctx: HttpContext, file: WebFile | undefined): void {
  if (file === undefined) {
    throw new CronflowError(
      'not_found',
      'There is no such file. The page names those of this version: load it again.',
    );
  }
  ctx.vary('Accept-Encoding');
  ctx.set('Cache-Control', 'private, max-age=31536000, immutable');
  ctx.type = file.type;
  // Browsers name brotli last and mean no order by that.
  const encoding = (['br', 'gzip'] as const).find((each) => ctx.acceptsEncodings(each) === each);
  if (encoding !== undefined) ctx.set('Content-Encoding', encoding);
  ctx.body = encoding === undefined ? file.plain : file[encoding];
}
