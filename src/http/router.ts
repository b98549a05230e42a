import { Router } from '@koa/router';
import type { Middleware, ParameterizedContext } from 'koa';
import { CronflowError } from '../core/model/errors.ts';
import { leadOn } from './access/followed-link.ts';
import type { BasePath } from './request/base-path.ts';
import type { Session } from './access/sessions.ts';
import { type Access, requireScope, type RouteScope } from './access/access.ts';

/** The state of a request that has passed the gate. */
export interface HttpState {
  /** What the request may do; null for an anonymous one. */
  access: Access | null;
  /** The session of the request; absent or null without one. */
  session?: Session | null;
  /** The path under which the client sees Cronflow, which links of the answer begin with; empty for the root. */
  basePath: BasePath;
  /** True for a badge that anybody may see, asked for by its address. */
  isPublicBadge?: boolean;
  /** True for a link of another site that a person follows; see `leadOn`. */
  isFollowedLink?: boolean;
  /** The scope of the route that was found; absent before one is, and where there is none. */
  scope?: RouteScope;
}

export type HttpContext = ParameterizedContext<HttpState> & { params: Record<string, string> };
export type HttpMiddleware = Middleware<HttpState>;

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path as `@koa/router` reads it, e.g. `/jobs/:name`. `GET` serves `HEAD`, too. */
  path: string;
  /** The scope that a client needs. No route can be declared without one, so none is left open by mistake. */
  scope: RouteScope;
  handle: (ctx: HttpContext) => void | Promise<void>;
}

/** Builds the middleware that finds the route of a request, and behind it the one that answers `OPTIONS`, 405 and 404. */
export function buildRouter(routes: readonly Route[]): HttpMiddleware[] {
  // A router tries every route that it has, so each has only those that a path of such a form may mean.
  const forms = new Set(routes.map(({ path }) => formOf(path)));
  const routers = new Map(
    Array.from(forms, (form) => [form, routerOf(routes.filter(({ path }) => formOf(path) === form))]),
  );
  const route: HttpMiddleware = (ctx, next) => routers.get(formOf(ctx.path))?.(ctx, next) ?? next();
  return [route, answerUnrouted];
}

/** Returns the first part of a path and the number of its parts. A slash at the end counts as none. */
function formOf(path: string): string {
  const end = path.length - (path.endsWith('/') ? 1 : 0);
  let count = 0;
  let firstEnd = end;
  for (let at = path.indexOf('/', 1); at !== -1 && at < end; at = path.indexOf('/', at + 1)) {
    if (count === 0) firstEnd = at;
    count += 1;
  }
  return `${path.slice(0, firstEnd)} ${count}`;
}

function routerOf(routes: readonly Route[]): HttpMiddleware {
  const router = new Router<HttpState>({ sensitive: true });
  for (const { method, path, scope, handle } of routes) {
    router.register(path, [method], async (ctx) => {
      ctx.state.scope = scope;
      if (ctx.state.isFollowedLink === true) return leadOn(ctx, scope);
      requireScope(ctx.state.access, scope);
      // Nobody waits for the answer any more. A ping is recorded all the same, because it tells of something that has
      // happened.
      if (ctx.req.socket.destroyed && scope !== 'ping') return;
      await handle(ctx);
    });
  }
  return router.routes() as unknown as HttpMiddleware;
}

const answerUnrouted: HttpMiddleware = (ctx) => {
  if (ctx.state.isFollowedLink === true) return leadOn(ctx, undefined);
  const layers: readonly { methods: readonly string[] }[] = ctx['matched'] ?? [];
  if (layers.length === 0) {
    throw new CronflowError(
      'not_found',
      `There is nothing at ${ctx.path.slice(0, 200)}. GET / lists what there is.`,
    );
  }
  const methods = [...new Set(layers.flatMap((layer) => layer.methods))].sort();
  const allowed = [...methods, 'OPTIONS'].join(', ');
  ctx.set('Allow', allowed);
  if (ctx.method !== 'OPTIONS') {
    throw new CronflowError('method_not_allowed', `${ctx.method} is not allowed here, only ${allowed}.`);
  }
  ctx.status = 204;
};
