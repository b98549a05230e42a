/** Shorter parts of an address are words, not keys. */
const PART_LENGTH_MIN = 8;
/** Hiding shorter secrets would hide every other word. */
const SECRET_LENGTH_MIN = 4;
const HIDDEN = '***';

/**
 * Returns what must be hidden where a receiver repeats an address or headers: the whole address, those parts of it
 * that may be a token, and header values with and without their scheme.
 */
export function secretsIn(url: URL | null, headers: Readonly<Record<string, string>>): string[] {
  const parts = url === null ? [] : [...url.pathname.split('/'), ...url.searchParams.values()];
  const secrets = [...parts, ...parts.map(decoded)].filter((text) => text.length >= PART_LENGTH_MIN);
  const credentials = url === null ? [] : [url.username, url.password];
  const values = Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]);
  secrets.push(
    ...[...credentials, ...credentials.map(decoded), ...values].filter(
      (text) => text.length >= SECRET_LENGTH_MIN,
    ),
  );
  if (url !== null) secrets.push(url.href, url.pathname + url.search);
  // The longest come first, because hiding a part of a secret would leave the rest of it.
  return [...new Set(secrets)].filter((text) => text !== '/').sort((a, b) => b.length - a.length);
}

/** Replaces the secrets in a text. */
export function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, HIDDEN), text);
}

/** Percent-decodes a text; returns it as it is where that fails. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
