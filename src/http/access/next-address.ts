/** A longer address is a mistake. */
const LENGTH_MAX = 1_000;
/** Matches a path of this server. `//` and `/\` begin the address of another one. */
const OWN_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/;
/** A page that needs no login would lead back to the login, or out of the session. */
const OF_SESSIONS = /\/(?:login|logout)(?:[?#]|$)/;

/**
 * Returns where to go after a login: the address that was asked for, if it is one of this server's, and otherwise the
 * first page. So no link to the login can lead anybody to a page of somebody else.
 */
export function nextAddress(wanted: unknown, basePath: string): string {
  const otherwise = `${basePath}/`;
  if (typeof wanted !== 'string' || wanted.length > LENGTH_MAX || !OWN_PATH.test(wanted)) return otherwise;
  // Dots in a path may lead to two slashes once they are resolved.
  const resolved = new URL(wanted, 'http://own.invalid');
  const path = `${resolved.pathname}${resolved.search}${resolved.hash}`;
  if (resolved.host !== 'own.invalid' || !OWN_PATH.test(path) || OF_SESSIONS.test(path)) return otherwise;
  return path;
}
