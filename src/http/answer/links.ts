import type { Reason } from '../../core/model/reasons.ts';
import type { HttpContext } from '../router.ts';

/**
 * Returns where the product itself says what a reason means and what to do about it; null without a reason.
 * @param basePath what links begin with
 */
export function reasonLink(reason: Reason | null, basePath: string): string | null {
  return reason === null ? null : `${basePath}/docs/reasons#${reason}`;
}

/** Adds to an answer about one thing where its reason is explained, as a `Link` header with `rel="help"`. */
export function linkReason(ctx: HttpContext, reason: Reason): void {
  ctx.append('Link', `<${reasonLink(reason, ctx.state.basePath)}>; rel="help"`);
}
