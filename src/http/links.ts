import type { Reason } from '../core/model/reasons.ts';

/**
 * Returns where the product itself says what a reason means and what to do about it; null without a reason.
 * @param basePath what links begin with
 */
export function reasonLink(reason: Reason | null, basePath: string): string | null {
  return reason === null ? null : `${basePath}/docs/reasons#${reason}`;
}
