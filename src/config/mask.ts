/** As many stars as the text has characters, so that columns stay where they are. */
export function stars(text: string): string {
  return '*'.repeat(text.length);
}

/** Each begins where a word does, so that no text is looked at twice. */
const WITH_SCHEME = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)([^\s"',}\]]+)/gi;
const CREDENTIALS = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)([^\s"']+)(?=@)/gi;
/** `user:password@host` */
const WITHOUT_SCHEME = /(?<![\w*:/.%+-])[\w.%+-]+:[^\s"']+@[^\s"']+/g;

/**
 * Hides what may be secret in the addresses of a text: of a web address the path, which is all that protects a webhook;
 * of an address of any kind whatever stands before an @, and what follows a question mark.
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

/** Hides what stands before the @ of an address, and leaves the rest of it. */
export function maskCredentials(text: string): string {
  return text
    .replaceAll(CREDENTIALS, (_, scheme: string, before: string) => scheme + stars(before))
    .replaceAll(WITHOUT_SCHEME, stars);
}
