import { hash } from 'node:crypto';
import type { HttpContext } from '../router.ts';

/**
 * Browsers keep an answer of their own user, and ask each time whether it is still right. Without this they would send
 * no tag.
 */
const CACHE_CONTROL = 'private, no-cache';
/** The headers that tell of an answer what its body does not. */
const TOLD_IN_HEADERS = ['Link', 'X-Total-Count'];

/** Returns a short text that stands for a longer one. No two different texts have the same in practice. */
export function digestOf(text: string | Buffer): string {
  return hash('sha256', text, 'base64url').slice(0, 27);
}

/**
 * Gives an answer a tag and tells whether the client has it already. Then the answer is a 304 and has no body. It goes
 * after the other headers.
 * @param content what the tag stands for, such as the whole body
 */
export function isKnownToClient(ctx: HttpContext, content: string | Buffer): boolean {
  const told = TOLD_IN_HEADERS.map((name) => ctx.response.get(name));
  // It is a weak one, because proxies compress.
  const tag = `W/"${digestOf([digestOf(content), ...told].join('\n'))}"`;
  ctx.set('ETag', tag);
  ctx.set('Cache-Control', CACHE_CONTROL);
  const isKnown = names(ctx.get('If-None-Match'), tag);
  ctx.status = isKnown ? 304 : 200;
  return isKnown;
}

/**
 * Tells whether a header `If-None-Match` names a tag. Whatever `Cache-Control` says is no matter (RFC 9110): a browser
 * adds `no-cache` where a page gives the tag itself.
 */
function names(header: string, tag: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((each) => strong(each.trim()) === strong(tag));
}

function strong(tag: string): string {
  return tag.replace(/^W\//, '');
}

/** Gives the answer of a read a tag, where it is JSON and has none yet. */
export function tagJson(ctx: HttpContext): void {
  const { method, state, status, body } = ctx;
  if ((method !== 'GET' && method !== 'HEAD') || state.scope !== 'read' || status !== 200) return;
  if (ctx.res.hasHeader('ETag')) return;
  if (Buffer.isBuffer(body)) {
    if (ctx.response.is('json') !== false) isKnownToClient(ctx, body);
    return;
  }
  if (!isPlain(body)) return;
  const text = JSON.stringify(body);
  if (isKnownToClient(ctx, text)) return;
  ctx.type = 'application/json; charset=utf-8';
  ctx.body = text;
}

/** Tells whether Koa would write a body as JSON. */
function isPlain(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype;
}
