/** As many stars as the text has characters, so that columns stay where they are. */
export function stars(text: string): string {
  return '*'.repeat(text.length);
}

/**
 * Hides what may be secret in the addresses of a text: the path, which is all that protects a webhook, and
 * whatever stands before an @.
 */
export function maskUrls(text: string): string {
  return text.replaceAll(/(https?:\/\/)([^\s"',}\]]+)/gi, (_, scheme: string, rest: string) => {
    const host = rest.includes('@') ? '' : (/^[^/?#]*/.exec(rest)?.[0] ?? '');
    return scheme + host + stars(rest.slice(host.length));
  });
}
