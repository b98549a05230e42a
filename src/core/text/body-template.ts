/**
 * People write bodies for webhooks themselves: text in which `{{job.name}}` stands for what the documented JSON has
 * at that place. A body has no logic, and nothing in it is run.
 */

/** The format in which a placeholder's value is written, so that the value can never change what is around it. */
export type BodyFormat = 'json' | 'form' | 'xml' | 'text';

export type TemplatePart =
  | { text: string }
  /** `isQuoted` says that the placeholder stands within a string of JSON. */
  | { path: string; isQuoted: boolean };

const PLACEHOLDER = /\{\{\s*([A-Za-z_]+(?:\.[A-Za-z_]+)*)\s*\}\}/g;

/** Returns the format of a media type. */
export function formatOf(contentType: string): BodyFormat {
  const [type = ''] = contentType.toLowerCase().split(';');
  const name = type.trim();
  if (name === 'application/json' || name.endsWith('+json')) return 'json';
  if (name === 'application/x-www-form-urlencoded') return 'form';
  if (/(?:[/+]xml|\/html)$/.test(name)) return 'xml';
  return 'text';
}

/** Splits a template at its placeholders; an empty text has no parts. */
export function partsOf(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  let isQuoted = false;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const text = template.slice(from, match.index);
    if (text !== '') parts.push({ text });
    isQuoted = endsQuoted(text, isQuoted);
    parts.push({ path: match[1] ?? '', isQuoted });
    from = match.index + match[0].length;
  }
  if (from < template.length) parts.push({ text: template.slice(from) });
  return parts;
}

/** Tells whether a string of JSON is still open after `text`. */
function endsQuoted(text: string, isQuoted: boolean): boolean {
  for (const [token] of text.matchAll(/\\.|"/g)) if (token === '"') isQuoted = !isQuoted;
  return isQuoted;
}

/** The mistakes that a template can have. */
export type TemplateFault =
  | { kind: 'unknown_placeholder'; path: string }
  /** A `{{` begins no placeholder, as in `{{job name}}`. */
  | { kind: 'bad_placeholder'; shown: string }
  /** The body would not be JSON; `line` counts from 1 and is null where it is not known. */
  | { kind: 'bad_json'; line: number | null };

/**
 * Finds the first mistake in a template.
 * @param known the paths that placeholders may name
 */
export function templateFault(
  template: string,
  format: BodyFormat,
  known: readonly string[],
): TemplateFault | null {
  const parts = partsOf(template);
  for (const part of parts) {
    if ('path' in part) {
      if (!known.includes(part.path)) return { kind: 'unknown_placeholder', path: part.path };
      continue;
    }
    const at = part.text.indexOf('{{');
    if (at < 0) continue;
    const [shown] = /^\{\{[^{}\n]{0,30}\}{0,2}/.exec(part.text.slice(at)) ?? ['{{'];
    return { kind: 'bad_placeholder', shown };
  }
  return format === 'json' ? jsonFault(parts) : null;
}

/**
 * Finds a mistake in the JSON of a body. The body is valid with any values if it is valid with these in their places.
 */
function jsonFault(parts: readonly TemplatePart[]): TemplateFault | null {
  const text = parts.map((part) => ('text' in part ? part.text : part.isQuoted ? 'x' : 'null')).join('');
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const line = position === undefined ? null : text.slice(0, Number(position)).split('\n').length;
    return { kind: 'bad_json', line };
  }
}

/**
 * Puts the value that `values` has into the place of each placeholder.
 * @param values the documented JSON
 */
export function fill(parts: readonly TemplatePart[], format: BodyFormat, values: object): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const value = valueAt(values, part.path);
      if (format === 'json' && !part.isQuoted) return JSON.stringify(value ?? null);
      return escaped(textOf(value), format);
    })
    .join('');
}

function valueAt(values: object, path: string): unknown {
  let value: unknown = values;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Writes a value as text: nothing for one that is not there, and the words of a list with commas. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

function escaped(text: string, format: BodyFormat): string {
  switch (format) {
    case 'json':
      return JSON.stringify(text).slice(1, -1);
    case 'form':
      return encodeURIComponent(text.toWellFormed());
    case 'xml':
      return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
    case 'text':
      return text;
  }
}
