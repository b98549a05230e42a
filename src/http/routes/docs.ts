import { readAsset } from '../assets.ts';
import { PAGE_POLICY } from '../answer/headers.ts';
import { readOpenApi } from '../openapi.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';

const FILES = [
  { path: '/docs', file: 'assets/docs/index.html', type: 'text/html; charset=utf-8' },
  { path: '/docs/reasons', file: 'assets/docs/reasons.html', type: 'text/html; charset=utf-8' },
  { path: '/docs/docs.js', file: 'assets/docs/docs.js', type: 'text/javascript; charset=utf-8' },
  { path: '/docs/docs.css', file: 'assets/docs/docs.css', type: 'text/css; charset=utf-8' },
] as const;

/**
 * Declares `/openapi.json` and `/docs`, a page of our own that reads it. The page needs nothing from the internet and
 * no inline script or style. The packages for this each bring megabytes of code, or need an open CSP, or report their
 * installation to somebody.
 */
export function docsRoutes({ version }: Services): Route[] {
  const document = readOpenApi(version);
  // The document is written once, because it is large and never changes while Cronflow runs.
  const openApi = Buffer.from(JSON.stringify(document));
  const spec: Route = {
    method: 'GET',
    path: '/openapi.json',
    scope: 'read',
    handle(ctx) {
      ctx.type = 'application/json; charset=utf-8';
      const { basePath } = ctx.state;
      ctx.body = basePath === '' ? openApi : { ...document, servers: [{ url: basePath }] };
    },
  };
  return [spec, ...FILES.map(fileRoute)];
}

function fileRoute({ path, file, type }: (typeof FILES)[number]): Route {
  const text = readAsset(file);
  return {
    method: 'GET',
    path,
    scope: 'read',
    handle(ctx: HttpContext) {
      ctx.type = type;
      ctx.set('Content-Security-Policy', PAGE_POLICY);
      ctx.body = text.replaceAll(/="(\/docs[/"])/g, `="${ctx.state.basePath}$1`);
    },
  };
}
