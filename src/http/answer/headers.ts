import { createHash } from 'node:crypto';

/** The policy for answers that are data: nothing in them may ever run or be shown inside another page. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** The policy for pages of our own: scripts and styles are files of this server, never inline. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The policy for a page of our own from which one logs out, by a form. */
export const SESSION_PAGE_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'");

/**
 * The policy for the page with the form to log in: it has no script, its form is ours, and its style is the one with this
 * hash. A style sheet of its own could only be had without a login.
 */
export function loginPolicy(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

/** The headers of every answer, errors included (docs/design.md §8). A page replaces the policy by its own. */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': DATA_POLICY,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;
