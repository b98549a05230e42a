import { escapeHtml } from '../../core/text/html.ts';
import { CronflowError } from '../../core/model/errors.ts';
import { accessOfHolder } from '../access/access.ts';
import { mediaTypeOf, readJson, readShort } from '../request/body.ts';
import { clientAddress } from '../client.ts';
import { loginPolicy } from '../answer/headers.ts';
import { nextAddress } from '../access/next-address.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { sessionCookie } from '../access/sessions.ts';

const FORM = 'application/x-www-form-urlencoded';
/** The colours are those of the dashboard (`src/web/styles/tokens.css`). */
const STYLE = `:root{color-scheme:light dark}
body{margin:0;background:light-dark(#f5f7f9,#0f1318);color:light-dark(#1a2027,#e4e9ee);font:1rem/1.5 system-ui,sans-serif}
main{max-width:20rem;margin:15vh auto 0;padding:1.5rem}
h1{margin:0 0 1rem;font-size:1.5rem}
label{display:block}
input,button{box-sizing:border-box;width:100%;padding:.5rem .7rem;border:1px solid light-dark(#8a94a0,#5a6673);border-radius:6px;background:light-dark(#fff,#171d24);color:inherit;font:inherit}
button{border-color:transparent;background:light-dark(#0b57a4,#74b4ff);color:light-dark(#fff,#0f1318);font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid light-dark(#0b57a4,#8fc3ff);outline-offset:2px}
[role=alert]{color:light-dark(#b3261e,#ff7b72)}`;
const LOGIN_POLICY = loginPolicy(STYLE);
const NO_TOKEN_NEEDED = 'No token is set, so nobody needs to log in.';

/** Declares the session of a browser: a form to log in that needs no script, the same as JSON, and the way out. */
export function sessionRoutes(services: Services): Route[] {
  return [
    { method: 'GET', path: '/login', scope: 'open', handle: (ctx) => showForm(ctx, services) },
    { method: 'POST', path: '/login', scope: 'open', handle: (ctx) => login(ctx, services) },
    { method: 'POST', path: '/logout', scope: 'open', handle: (ctx) => logout(ctx, services) },
    { method: 'GET', path: '/session', scope: 'open', handle: (ctx) => show(ctx, services) },
  ];
}

function showForm(ctx: HttpContext, { book }: Services): void {
  const next = nextAddress(new URLSearchParams(ctx.querystring).get('next'), ctx.state.basePath);
  if (!book.isNeeded) return redirect(ctx, next);
  answerForm(ctx, next, null);
}

async function login(ctx: HttpContext, services: Services): Promise<void> {
  const isForm = mediaTypeOf(ctx.req.headers['content-type'] ?? '') === FORM;
  const given = isForm ? await formOf(ctx, services) : await readJson(ctx.req, services);
  const { token, next: wanted } = (typeof given === 'object' && given !== null ? given : {}) as {
    token?: unknown;
    next?: unknown;
  };
  const next = nextAddress(wanted, ctx.state.basePath);
  try {
    const { id, session } = await opened(ctx, token, services);
    const { name } = session.holder;
    services.logger.info('session opened', { token: name, from: addressOf(ctx, services) ?? undefined });
    ctx.set('Set-Cookie', sessionCookie(id, cookieOptions(ctx, services)));
    if (isForm) redirect(ctx, next);
    else ctx.body = sessionJson(ctx, services);
  } catch (error) {
    if (!isForm || !(error instanceof CronflowError)) throw error;
    ctx.status = { unauthorized: 401, forbidden: 403, rate_limited: 429 }[error.code as string] ?? 400;
    answerForm(ctx, next, error.message);
  }
}

/**
 * Opens a session, unless this address has tried too many wrong tokens.
 * @throws CronflowError `rate_limited`, `unauthorized`, `forbidden`, `bad_request`
 */
async function opened(ctx: HttpContext, token: unknown, services: Services) {
  const { book, clock, logger, logins, loginLines, sessions } = services;
  const address = addressOf(ctx, services);
  if (!book.isNeeded) throw new CronflowError('bad_request', NO_TOKEN_NEEDED);
  const waitS = Math.ceil(logins.waitMs(address) / 1000);
  if (waitS > 0) {
    ctx.set('Retry-After', String(waitS));
    throw new CronflowError('rate_limited', `Too many wrong tokens. Try again in ${waitS} s.`);
  }
  if (typeof token !== 'string' || token === '') {
    throw new CronflowError('bad_request', 'The token is missing: send {"token": "..."}.');
  }
  const holder = book.find(token.trim());
  try {
    const access = accessOfHolder(holder, clock.now());
    if (!access.scopes.has('all') && !access.scopes.has('read'))
      throw new CronflowError('forbidden', 'This token allows pings only, and a session is for reading.');
  } catch (error) {
    logins.failed(address);
    const line = loginLines.take();
    if (line !== 'no') logger.warn('login refused', { from: address ?? undefined, token: holder?.name });
    if (line === 'last') logger.warn('no more refused logins are logged for an hour');
    throw error;
  }
  const id = await sessions.open(holder!);
  ctx.state.access = { ...accessOfHolder(holder, clock.now()), via: 'session' };
  ctx.state.session = await sessions.find(`cronflow_session=${id}`);
  return { id, session: ctx.state.session! };
}

async function formOf(ctx: HttpContext, services: Services): Promise<object> {
  const form = new URLSearchParams((await readShort(ctx.req, services)).toString());
  return { token: form.get('token'), next: form.get('next') };
}

/** Ends the session, if there is one. It needs none, so that a way out always leads out. */
async function logout(ctx: HttpContext, services: Services): Promise<void> {
  const { cookie } = ctx.req.headers;
  if (cookie !== undefined) await services.sessions.close(cookie);
  ctx.set('Set-Cookie', sessionCookie(null, cookieOptions(ctx, services)));
  if (mediaTypeOf(ctx.req.headers['content-type'] ?? '') === FORM)
    redirect(ctx, `${ctx.state.basePath}/login`);
  else ctx.status = 204;
}

function show(ctx: HttpContext, services: Services): void {
  ctx.body = sessionJson(ctx, services);
}

/** Writes who asks and what that allows, and of a session when it ends. */
function sessionJson({ state }: HttpContext, { clock }: Services): object {
  const { access, session } = state;
  const endsAt = (ms: number): string => new Date(clock.now() + ms).toISOString();
  return {
    via: access?.via ?? 'anybody',
    who: access?.name ?? null,
    allows: [...(access?.scopes ?? [])],
    idle_expires_at: session ? endsAt(session.idleMs) : null,
    expires_at: session ? endsAt(session.leftMs) : null,
  };
}

function addressOf(ctx: HttpContext, { base }: Services): string | null {
  return clientAddress(ctx.req, base.trustsProxy);
}

/** A cookie is for TLS alone where the client came by it: a page of https says so, and so does a proxy of our own. */
function cookieOptions({ req, state }: HttpContext, { base }: Services): { path: string; isSecure: boolean } {
  const proto = base.trustsProxy ? String(req.headers['x-forwarded-proto'] ?? '') : '';
  const isSecure = proto.split(',').at(-1)?.trim() === 'https' || /^https:/i.test(req.headers.origin ?? '');
  return { path: state.basePath === '' ? '/' : state.basePath, isSecure };
}

function redirect(ctx: HttpContext, address: string): void {
  ctx.status = 303;
  ctx.set('Location', address);
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = `Go to ${address}\n`;
}

function answerForm(ctx: HttpContext, next: string, problem: string | null): void {
  ctx.type = 'text/html; charset=utf-8';
  ctx.set('Content-Security-Policy', LOGIN_POLICY);
  // Without a referrer a browser would send no origin with the form, and the form would look like one of another site.
  ctx.set('Referrer-Policy', 'same-origin');
  const alert = problem === null ? '' : `<p role="alert">${escapeHtml(problem)}</p>\n`;
  ctx.body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cronflow: log in</title><style>${STYLE}</style></head>
<body><main>
<h1>Cronflow</h1>
${alert}<form method="post" action="${escapeHtml(ctx.state.basePath)}/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<p><label>Token <input name="token" type="password" autocomplete="current-password" required autofocus></label></p>
<p><button>Log in</button></p>
</form>
</main></body>
</html>
`;
}
