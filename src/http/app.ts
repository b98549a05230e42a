import Koa from 'koa';
import { CronflowError, errorText } from '../core/model/errors.ts';
import type { LogFields } from '../observe/log.ts';
import { type Access, accessOfHolder, admit, noToken } from './access/access.ts';
import { basePathOf, withoutBasePath } from './request/base-path.ts';
import { actorOf } from './client.ts';
import { isFollowedLink } from './access/followed-link.ts';
import { tagJson } from './answer/etag.ts';
import { EVENT_STREAM } from './events/reader.ts';
import { SECURITY_HEADERS } from './answer/headers.ts';
import { sayAnswered, sayFailed } from './answer/log-lines.ts';
import { problemAnswer } from './answer/problem.ts';
import { buildRouter, type HttpContext, type HttpMiddleware, type HttpState } from './router.ts';
import { nextAddress } from './access/next-address.ts';
import { isForPublicBadge } from './routes/badges.ts';
import { allRoutes } from './routes/routes.ts';
import type { Services } from './services.ts';
import type { TokenBook } from './access/token-book.ts';

/** The state of the server that the app asks for at each request. */
export interface ServerState {
  /** True if only this machine can reach the port. */
  isLoopback: boolean;
  isClosing: boolean;
}

/** Builds the Koa application, which answers every request, and every failure as a problem. */
export function buildApp(services: Services, server: ServerState): Koa<HttpState> {
  const app = new Koa<HttpState>();
  // Only errors after the beginning of an answer still get here, such as a connection that broke.
  app.on('error', (error: unknown, ctx?: HttpContext) => {
    // A reader of events is always in the middle of its answer when it goes.
    if (ctx?.type === EVENT_STREAM) return;
    services.logger.warn('answer failed', { error: errorText(error) });
  });
  app.use(answer(services, server));
  app.use(gate(services, server));
  for (const middleware of buildRouter(allRoutes(services))) app.use(middleware);
  return app;
}

/**
 * Returns the outermost middleware: it sets the headers of every answer, turns errors into problems and writes one
 * line to the log.
 */
function answer(services: Services, server: ServerState): HttpMiddleware {
  const { logger, clock } = services;
  return async (ctx, next) => {
    const startedMs = clock.monotonic();
    ctx.set(SECURITY_HEADERS);
    try {
      await next();
      tagJson(ctx as HttpContext);
    } catch (error) {
      answerProblem(ctx as HttpContext, error);
      if (ctx.status === 500) sayFailed(logger, ctx, error);
    }
    // Without this header a client would keep its connection, and closing would have to wait for it.
    if (server.isClosing) ctx.set('Connection', 'close');
    if (isWrite(ctx as HttpContext)) logger.info('API write', writeFields(ctx as HttpContext, services));
    sayAnswered(services, ctx, startedMs);
  };
}

/**
 * Tells whether a request is a change that somebody made over the API. A ping is none, because the log has its
 * outcome as that of the run.
 */
function isWrite({ method, state, status }: HttpContext): boolean {
  return (
    !['GET', 'HEAD', 'OPTIONS'].includes(method) &&
    // A check of a configuration is a POST that changes nothing.
    state.scope === 'all' &&
    status < 400
  );
}

/** Returns who did what to which job, and from where. */
function writeFields(ctx: HttpContext, services: Services): LogFields {
  const { method, path, status, params, body } = ctx;
  const { via, who, from } = actorOf(ctx, services);
  return {
    // A job that is being registered has no name in the path, so the name is taken from the answer.
    job: params?.['name'] ?? (isNamed(body) ? body.name : undefined),
    method,
    path,
    status,
    by: who === null ? 'anybody, no token is set' : `${via} ${who}`,
    from: from ?? undefined,
  };
}

function isNamed(body: unknown): body is { name: string } {
  return typeof body === 'object' && body !== null && typeof (body as { name?: unknown }).name === 'string';
}

function answerProblem(ctx: HttpContext, error: unknown): void {
  const { status, headers, body } = problemAnswer(error);
  ctx.status = status;
  ctx.set(headers);
  // The body is text, because Koa would replace the type of an object by plain JSON.
  ctx.body = body;
}

/**
 * Returns the middleware that judges a request before a route is looked for: who asks, from where, and under which
 * name.
 */
function gate(services: Services, server: ServerState): HttpMiddleware {
  const { book, base, clock } = services;
  return async (ctx, next) => {
    const { headers } = ctx.req;
    // A script that joins an address ending in a slash with a path sends `//jobs/...`, and its ping must not be lost.
    if (ctx.path.includes('//')) ctx.path = ctx.path.replaceAll(/\/{2,}/g, '/');
    const basePath = basePathOf(headers['x-forwarded-prefix'], base);
    ctx.state.basePath = basePath;
    if (basePath !== '') ctx.path = withoutBasePath(ctx.path, basePath);
    // The page that shows a badge is a foreign one, and the key of its address is its token.
    ctx.state.isPublicBadge = await isForPublicBadge(ctx as HttpContext, services);
    if (ctx.state.isPublicBadge) {
      ctx.state.access = null;
      return next();
    }
    // This comes first, so that nothing that is said of the request has the token.
    const ofKey = takeKeyOfPath(ctx as HttpContext, book, clock.now());
    ctx.state.isFollowedLink = isFollowedLink(ctx.req) && isDecodable(ctx.path);
    if (ctx.state.isFollowedLink) {
      // Whatever route is found, it is not asked for anything yet.
      ctx.state.access = null;
      return next();
    }
    ctx.state.access =
      admit(ctx.req, { book, clock }, server) ?? ofKey ?? (await takeSession(ctx as HttpContext, services));
    if (ctx.state.access === null && !OPEN_PATHS.has(ctx.path)) {
      if (isNavigation(ctx as HttpContext)) return sendToLogin(ctx as HttpContext);
      // The request is refused before the route is looked for, so that nobody learns which routes there are.
      throw noToken();
    }
    if (!isDecodable(ctx.path)) {
      throw new CronflowError(
        'bad_request',
        'The path has a "%" that is not followed by the code of a character. Write "%25" for a "%".',
      );
    }
    if (ctx.path.includes('%00'))
      throw new CronflowError(
        'bad_request',
        'The path has the character "%00", which nothing here has in its name.',
      );
    await next();
  };
}

/** The paths that anybody may ask for. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/login', '/logout']);

/** Returns what the session of a request allows; null without one. A request that sends a token needs none. */
async function takeSession(ctx: HttpContext, { sessions, clock }: Services): Promise<Access | null> {
  const { cookie } = ctx.req.headers;
  const session = cookie === undefined ? null : await sessions.find(cookie);
  if (session === null) return null;
  ctx.state.session = session;
  return { ...accessOfHolder(session.holder, clock.now()), via: 'session' };
}

/** Tells whether somebody opens a page, and no script or program asks. */
function isNavigation({ method, req }: HttpContext): boolean {
  const { accept = '', authorization } = req.headers;
  return method === 'GET' && authorization === undefined && /\btext\/html\b/i.test(accept);
}

/** Sends a person to the login, and from there back here. It is the same for every path, whether it is there or not. */
function sendToLogin(ctx: HttpContext): void {
  const { basePath } = ctx.state;
  const query = ctx.querystring === '' ? '' : `?${ctx.querystring}`;
  const next = nextAddress(`${basePath}${ctx.path}${query}`, basePath);
  ctx.status = 303;
  ctx.set('Location', `${basePath}/login?next=${encodeURIComponent(next)}`);
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = 'Log in first.\n';
}

/**
 * Takes a token out of a path such as `/ping/TOKEN/backup`, as clients of the Healthchecks.io protocol send it. What
 * comes after sees the path without it, the log too. Only a ping token counts in a path, because paths get into the
 * logs of proxies; any other token is only hidden.
 */
function takeKeyOfPath(ctx: HttpContext, book: TokenBook, nowAt: number): Access | null {
  const [, key, rest = ''] = /^\/ping\/([^/]+)(\/.+)?$/.exec(ctx.path) ?? [];
  if (key === undefined || !isDecodable(key)) return null;
  const holder = book.find(decodeURIComponent(key));
  if (holder === null) return null;
  const isKey = holder.scopes.has('ping') && rest !== '';
  ctx.path = isKey ? `/ping${rest}` : `/ping/[token]${rest}`;
  return isKey ? { ...accessOfHolder(holder, nowAt), scopes: new Set(['ping']) } : null;
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
