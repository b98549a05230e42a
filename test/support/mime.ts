/** A mail as a mail program reads it. */
export interface ReadMail {
  /** Maps names in lower case to values that are unfolded and whose encoded words are decoded. */
  headers: ReadonlyMap<string, string>;
  text: string;
  html: string;
}

/** Reads a mail with one part of plain text and one of HTML, and refuses any other. */
export function readMail(content: string): ReadMail {
  const { headers, body } = entityOf(content);
  const boundary = /^multipart\/alternative;.*boundary="?([^";]+)"?/s.exec(
    headers.get('content-type') ?? '',
  )?.[1];
  if (boundary === undefined) throw new Error('not multipart/alternative');
  const parts = `\r\n${body}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => entityOf(part.slice(2)));
  const [text, html] = ['text/plain', 'text/html'].map((type) => {
    const part = parts.find((each) => each.headers.get('content-type')?.startsWith(type));
    if (part === undefined) throw new Error(`no ${type}`);
    return decoded(part.body, part.headers.get('content-transfer-encoding') ?? '7bit');
  });
  if (parts.length !== 2) throw new Error('more than two parts');
  return { headers, text: text ?? '', html: html ?? '' };
}

interface Entity {
  headers: Map<string, string>;
  body: string;
}

function entityOf(content: string): Entity {
  const at = content.indexOf('\r\n\r\n');
  const head = content.slice(0, at).replace(/\r\n(?=[ \t])/g, '');
  const headers = head.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), wordsOf(line.slice(colon + 1).trim())];
  });
  return { headers: new Map(headers), body: content.slice(at + 4) };
}

/** Decodes encoded words (RFC 2047) in UTF-8. */
function wordsOf(text: string): string {
  const bytes = text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('latin1')
        : unquoted(word.replaceAll('_', ' ')),
    );
  return utf8(bytes);
}

function decoded(body: string, encoding: string): string {
  if (encoding === 'base64') return utf8(Buffer.from(body, 'base64').toString('latin1'));
  const text = encoding === 'quoted-printable' ? unquoted(body.replace(/=\r\n/g, '')) : body;
  return utf8(text).replaceAll('\r\n', '\n');
}

function unquoted(text: string): string {
  return text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
