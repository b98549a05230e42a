import type { Fault } from '../core/errors.ts';
import type { SourceFile } from './config.ts';
import { maskUrls, stars } from './mask.ts';
import { validators } from './schema.ts';

const LINE_LENGTH_MAX = 160;
const FAULTS_MAX_DEFAULT = 100;

/**
 * Writes faults for people, each with its place, and the line of the file it is about with a caret below:
 *
 *     cronflow.yaml:7:5 jobs.backup.schedul: unknown key "schedul", did you mean "schedule"? (allowed: ...)
 *         7 |     schedul: "0 2 * * *"
 *           |     ^^^^^^^
 *
 * Secrets in such lines are masked. Beyond `faultsMax` faults only their number is said.
 */
export function formatFaults(
  faults: readonly Fault[],
  files: readonly SourceFile[],
  faultsMax = FAULTS_MAX_DEFAULT,
): string {
  const lines = new Map(files.map((file) => [file.path, file.text.replace(/^\uFEFF/, '').split(/\r?\n/)]));
  const blocks = faults.slice(0, faultsMax).map((fault) => {
    const source =
      fault.file === undefined || fault.line === undefined
        ? undefined
        : lines.get(fault.file)?.[fault.line - 1];
    const head = [place(fault), fault.path === '' ? '' : `${fault.path}:`, fault.message]
      .filter(Boolean)
      .join(' ');
    return source === undefined || source.trim() === '' ? head : `${head}\n${excerpt(fault, source)}`;
  });
  if (faults.length > faultsMax) blocks.push(`... and ${faults.length - faultsMax} more errors`);
  return blocks.join('\n');
}

function place(fault: Fault): string {
  return [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':');
}

function excerpt(fault: Fault, source: string): string {
  const number = String(fault.line ?? 0).padStart(5);
  const column = Math.min(fault.column ?? 1, source.length + 1) - 1;
  const withoutSecrets = maskValues(source, fault);
  const masked = masksUrls(fault) ? maskUrls(withoutSecrets) : withoutSecrets;
  // Long lines are cut around the place, so that the caret stays in view.
  const from = column > LINE_LENGTH_MAX - 40 ? column - 40 : 0;
  const shown = masked.slice(from, from + LINE_LENGTH_MAX).replaceAll(/\p{Cc}/gu, ' ');
  const width = Math.min(tokenLength(source.slice(column)), Math.max(1, shown.length - (column - from)));
  return `${number} | ${shown}\n${' '.repeat(5)} | ${' '.repeat(column - from)}${'^'.repeat(width)}`;
}

/** How much of the rest of a line the thing at its start takes up. */
function tokenLength(rest: string): number {
  const match = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^\$\{[^}]*\}|^(?:(?!: |:$| #|, )[^[\]{}])+/.exec(rest);
  return Math.max(1, (match?.[0] ?? '').trimEnd().length);
}

function masksUrls(fault: Fault): boolean {
  return !/(^|\.)(runbook|public_url)$/.test(fault.path);
}

/** A key with what is on its line of its value, from where the value begins. */
const KEY = /(?:^|[\s{,])(["']?)([\w.-]+)\1\s*:\s+(?=\S)/g;

/**
 * What stands where a secret belongs, unless it only names a variable. Among notifiers, that is also what stands
 * under a key that no notifier has, for it may be a misspelt one.
 */
function maskValues(line: string, fault: Fault): string {
  const isOfNotifier = /^notifiers\b/.test(fault.path);
  const isHeader = /^notifiers\b.*\.headers\b/.test(fault.path);
  const { secret, known } = notifierKeys();
  for (const match of line.matchAll(KEY)) {
    const key = match[2] ?? '';
    const from = match.index + match[0].length;
    const value = line.slice(from);
    if (/^[[{&|>#]/.test(value) && key !== 'headers') continue;
    if (/^(["']?)\$\{\w+(:-)?\}\1\s*([,}#].*)?$/.test(value) || /^(""|'')?$/.test(value.trim())) continue;
    const isSecret = secret.has(key) || (isOfNotifier && (isHeader || !known.has(key)));
    if (isSecret) return line.slice(0, from) + stars(value);
    // What a quoted value holds is not looked at for further keys.
    if (/^["']/.test(value)) return line;
  }
  return line;
}

interface NotifierKeys {
  secret: ReadonlySet<string>;
  known: ReadonlySet<string>;
}

let keys: NotifierKeys | undefined;

/** The keys of all kinds of notifiers, as the schema has them. */
function notifierKeys(): NotifierKeys {
  if (keys !== undefined) return keys;
  const branches = validators().schema.definitions?.['notifier']?.oneOf ?? [];
  const all = branches.flatMap(({ properties = {} }) => Object.entries(properties));
  const secret = all.filter(([, { writeOnly }]) => writeOnly === true).map(([key]) => key);
  keys = { secret: new Set(secret), known: new Set(all.map(([key]) => key)) };
  return keys;
}
