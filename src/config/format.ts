import type { Fault } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import type { SourceFile } from './config.ts';
import { maskCredentials, maskUrls, stars } from './mask.ts';
import { validators } from './schema.ts';
import { withoutSecrets } from './secrets.ts';
import { type Cell, cellsOf, visible } from './visible.ts';

/** Columns of a line that are shown. */
const LINE_WIDTH_MAX = 160;
/** How much of a line is looked at around the place, however long it is, in UTF-16 units. */
const LOOKED_AT_BEFORE = 160;
const LOOKED_AT_BEHIND = 320;
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
  const lines = new Map(files.map((file) => [file.path, linesOf(file.text)]));
  const hidden = new Map<string, readonly string[]>();
  const hiddenLine = (file: string, line: number): string => {
    const known =
      hidden.get(file) ?? linesOf(withoutSecrets(files.find(({ path }) => path === file)?.text ?? ''));
    hidden.set(file, known);
    return known[line - 1] ?? '';
  };
  const masked = new Map<string, string>();
  const blocks = faults.slice(0, faultsMax).map((fault) => {
    const source =
      fault.file === undefined || fault.line === undefined
        ? undefined
        : lines.get(fault.file)?.[fault.line - 1];
    const head = [place(fault), fault.path === '' ? '' : `${fault.path}:`, fault.message]
      .filter(Boolean)
      .join(' ');
    if (source === undefined || source.trim() === '') return visible(head);
    const withStars = hiddenLine(fault.file ?? '', fault.line ?? 0);
    return `${visible(head)}\n${excerpt(fault, source, maskedOnce(masked, withStars, fault))}`;
  });
  if (faults.length > faultsMax) blocks.push(`... and ${faults.length - faultsMax} more errors`);
  return blocks.join('\n');
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

function place(fault: Fault): string {
  return [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':');
}

/** A line may be as long as its file and hold thousands of faults. */
function maskedOnce(known: Map<string, string>, source: string, fault: Fault): string {
  const kind = `${isOfNotifier(fault)} ${isHeader(fault)} ${masksUrls(fault)}`;
  const id = `${fault.file}:${fault.line} ${kind}`;
  const masked = known.get(id) ?? maskedLine(source, fault);
  known.set(id, masked);
  return masked;
}

function maskedLine(source: string, fault: Fault): string {
  const shown = maskValues(source, fault);
  return starsForTokens(masksUrls(fault) ? maskUrls(shown) : maskCredentials(shown));
}

/** What looks like a secret by itself, wherever it stands; as long as before. */
function starsForTokens(line: string): string {
  const redacted = redact(line);
  if (redacted === line) return line;
  let same = 0;
  while (redacted[same] === line[same]) same += 1;
  return line.slice(0, same) + stars(line.slice(same));
}

/** @param masked the source line without its secrets, as long as before */
function excerpt(fault: Fault, source: string, masked: string): string {
  const number = String(fault.line ?? 0).padStart(5);
  const column = Math.min(fault.column ?? 1, source.length + 1) - 1;
  // Of a long line no more is looked at than can be shown.
  const windowAt = atCharacter(masked, column - LOOKED_AT_BEFORE);
  const cells = cellsOf(masked.slice(windowAt, atCharacter(masked, column + LOOKED_AT_BEHIND)));
  const caretAt = column - windowAt;
  const first = cells.findLastIndex(({ at }) => at <= caretAt);
  const caret = caretAt >= masked.length - windowAt ? cells.length : Math.max(0, first);
  const before = widthOf(cells.slice(0, caret));
  // Long lines are cut around the place, so that the caret stays in view.
  const from = windowAt > 0 || before > LINE_WIDTH_MAX - 40 ? startAt(cells, caret) : 0;
  const to = endAt(cells, from);
  const end = caretAt + tokenLength(source.slice(column, column + LOOKED_AT_BEHIND));
  const pointedAt = cells.slice(caret, to).filter(({ at }) => at < end);
  const line = `${number} | ${cells
    .slice(from, to)
    .map(({ shown }) => shown)
    .join('')}`;
  const pad = ' '.repeat(widthOf(cells.slice(from, caret)));
  return `${line}\n${' '.repeat(5)} | ${pad}${'^'.repeat(Math.max(1, widthOf(pointedAt)))}`;
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

/** Where a line is cut, so that some 40 columns are left before the caret. */
function startAt(cells: readonly Cell[], caret: number): number {
  let width = 0;
  let from = caret;
  while (from > 0 && width + (cells[from - 1]?.width ?? 0) <= 40) {
    from -= 1;
    width += cells[from]?.width ?? 0;
  }
  return from;
}

function endAt(cells: readonly Cell[], from: number): number {
  let width = 0;
  let to = from;
  while (to < cells.length && width + (cells[to]?.width ?? 0) <= LINE_WIDTH_MAX) {
    width += cells[to]?.width ?? 0;
    to += 1;
  }
  return to;
}

/** The index, or the one before it where it lies within a pair of surrogates. */
function atCharacter(text: string, index: number): number {
  const at = Math.max(0, Math.min(index, text.length));
  return at > 0 && /[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at;
}

/** How much of the rest of a line the thing at its start takes up. */
function tokenLength(rest: string): number {
  const match = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^\$\{[^}]*\}|^(?:(?!: |:$| #|, )[^[\]{}])+/.exec(rest);
  return Math.max(1, (match?.[0] ?? '').trimEnd().length);
}

function isOfNotifier(fault: Fault): boolean {
  return /^notifiers\b/.test(fault.path);
}

function isHeader(fault: Fault): boolean {
  return /^notifiers\b.*\.headers\b/.test(fault.path);
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
  const { secret, known } = notifierKeys();
  for (const match of line.matchAll(KEY)) {
    const key = match[2] ?? '';
    const from = match.index + match[0].length;
    const value = line.slice(from);
    if (/^[[{&|>#]/.test(value) && key !== 'headers') continue;
    if (/^(["']?)\$\{\w+(:-)?\}\1\s*([,}#].*)?$/.test(value) || /^(""|'')?$/.test(value.trim())) continue;
    const isSecret = secret.has(key) || (isOfNotifier(fault) && (isHeader(fault) || !known.has(key)));
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
