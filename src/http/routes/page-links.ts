import type { HttpContext, Route } from '../router.ts';

/** The routes of the API to which links in messages lead, and the page of the dashboard that shows the same. */
const PAGES: ReadonlyMap<string, string> = new Map([
  ['/jobs/:name', '/ui/jobs/:name'],
  ['/jobs/:name/runs/:id', '/ui/jobs/:name/runs/:id'],
  ['/incidents/:id', '/ui/incidents/:id'],
  ['/config', '/ui/configuration'],
  ['/deliveries', '/ui/deliveries'],
]);

/**
 * Leads whoever opens one of these addresses in a browser on to its page, as from the link of an alert. Programs get
 * what they always got.
 */
export function withPages(routes: readonly Route[]): Route[] {
  return routes.map((route) => {
    const page = PAGES.get(route.path);
    if (route.method !== 'GET' || page === undefined) return route;
    const handle = (ctx: HttpContext): void | Promise<void> => {
      ctx.vary('Accept');
      if (isOpenedInBrowser(ctx)) leadToPage(ctx, page);
      else return route.handle(ctx);
    };
    return { ...route, handle };
  });
}

/**
 * Tells whether a person opens the address, and no program asks. Every browser asks for a page in these two forms, and
 * some programs ask for the first of them, such as those that are written in Java.
 */
function isOpenedInBrowser({ method, req }: HttpContext): boolean {
  const { accept = '', authorization } = req.headers;
  const dest = req.headers['sec-fetch-dest'] ?? 'document';
  return (
    method === 'GET' &&
    authorization === undefined &&
    dest === 'document' &&
    accept.includes('text/html') &&
    accept.includes('application/xhtml+xml')
  );
}

function leadToPage(ctx: HttpContext, page: string): void {
  const path = page.replaceAll(/:(\w+)/g, (_all, key: string) => encodeURIComponent(ctx.params[key] ?? ''));
  const query = ctx.querystring === '' ? '' : `?${ctx.querystring}`;
  ctx.status = 303;
  ctx.set('Location', `${ctx.state.basePath}${path}${query}`);
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = 'The dashboard shows this.\n';
}
