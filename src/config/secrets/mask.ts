/** Returns as many stars as the text has characters, so that columns stay where they are. */
export function stars(text: string): string {
  return '*'.repeat(text.length);
}

/** Each match begins at the start of a word, so that no part of a text is tried twice. */
const WITH_SCHEME = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)([^\s"',}\]]+)/gi;
const CREDENTIALS = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)([^\s"']+)(?=@)/gi;
/** Matches `user:password@host`, which has no scheme. */
const WITHOUT_SCHEME = /(?<![\w*:/.%+-])[\w.%+-]+:[^\s"']+@[^\s"']+/g;

/**
 * Hides whatever may be secret in the addresses of a text. Of a web address that is the path, because nothing else
 * protects a webhook. Of an address of any kind it is what stands before an @, and what follows a question mark.
 */
export function maskUrls(text: string): string {
  return text
    .replaceAll(CREDENTIALS, (_, scheme: string, before: string) => scheme + stars(before))
    .replaceAll(WITH_SCHEME, (_, scheme: string, rest: string) => {
      const isWeb = /^https?:/i.test(scheme);
      const shown = rest.includes('@') ? '' : ((isWeb ? /^[^/?#]*/ : /^[^?]*/).exec(rest)?.[0] ?? '');
      return scheme + shown + stars(rest.slice(shown.length));
    })
    .replaceAll(WITHOUT_SCHEME, stars);
}

/** Hides the part of an address before its @, and leaves the rest. */
export function maskCredentials(text: string): string {
  return text
    .replaceAll(CREDENTIALS, (_, scheme: string, before: string) => scheme + stars(before))
    .replaceAll(WITHOUT_SCHEME, stars);
}
