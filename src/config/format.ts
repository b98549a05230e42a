import type { Fault } from '../core/model/errors.ts';
import { redact, redactPatterns } from '../core/text/redact.ts';
import type { SourceFile } from './config.ts';
import { hideSecrets } from './secrets/hide.ts';
import { maskUrls, stars } from './secrets/mask.ts';
import { withoutSecrets } from './secrets/secrets.ts';
import { type Cell, cellsOf, visible } from './secrets/visible.ts';

/** Columns of a source line that are shown at most. */
const LINE_WIDTH_MAX = 160;
/**
 * Characters of a line, in UTF-16 units, that are looked at around the place, because a line may be as long as its
 * file.
 */
const LOOKED_AT_BEFORE = 160;
const LOOKED_AT_BEHIND = 320;
const FAULTS_MAX_DEFAULT = 100;

export interface FormatOptions {
  /** Faults beyond this number are counted and not shown. */
  faultsMax?: number;
  /** The `redact` patterns of a valid configuration: those of a broken file cannot be relied on. */
  redact?: readonly string[];
}

/**
 * Writes faults for people, each with its place, and the line of the file it is about with a caret below:
 *
 *     cronflow.yaml:7:5 jobs.backup.schedul: unknown key "schedul", did you mean "schedule"? (allowed: ...)
 *         7 |     schedul: "0 2 * * *"
 *           |     ^^^^^^^
 *
 * Secrets are hidden, in what is said and in such lines.
 */
export function formatFaults(
  faults: readonly Fault[],
  files: readonly SourceFile[],
  { faultsMax = FAULTS_MAX_DEFAULT, redact: patterns = [] }: FormatOptions = {},
): string {
  if (faults.length === 0) return '';
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
    const said = [fault.path === '' ? '' : `${fault.path}:`, fault.message].filter(Boolean).join(' ');
    const head = visible([place(fault), hideSecrets(said, patterns)].filter(Boolean).join(' '));
    if (source === undefined || source.trim() === '') return head;
    const line: QuotedLine = { source, withStars: hiddenLine(fault.file ?? '', fault.line ?? 0), patterns };
    return `${head}\n${excerpt(fault, source, maskedOnce(masked, line, fault))}`;
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

interface QuotedLine {
  source: string;
  /** The line with stars in place of what stands below a key that is secret or looks so. */
  withStars: string;
  patterns: readonly string[];
}

/** Masks a line once for all its faults, because it may be as long as its file and hold thousands of them. */
function maskedOnce(known: Map<string, string>, line: QuotedLine, fault: Fault): string {
  const id = `${fault.file}:${fault.line} ${masksUrls(fault)}`;
  const masked = known.get(id) ?? maskedLine(line, fault);
  known.set(id, masked);
  return masked;
}

/** Puts stars in place of secrets and keeps the length of the line. In `withStars` credentials are hidden already. */
function maskedLine({ source, withStars, patterns }: QuotedLine, fault: Fault): string {
  // The patterns are matched against the line as it was written, because stars in it would keep them from matching.
  const shownTo = sameTo(source, redactPatterns(source, patterns));
  const line = withStars.slice(0, shownTo) + stars(withStars.slice(shownTo));
  const tokenAt = sameTo(line, redact(line));
  const shown = line.slice(0, tokenAt) + stars(line.slice(tokenAt));
  return masksUrls(fault) ? maskUrls(shown) : shown;
}

/** Returns the number of characters up to which two texts are the same. */
function sameTo(text: string, other: string): number {
  if (text === other) return text.length;
  let same = 0;
  while (text[same] === other[same]) same += 1;
  return same;
}

/** @param masked the source line without its secrets, as long as before */
function excerpt(fault: Fault, source: string, masked: string): string {
  const number = String(fault.line ?? 0).padStart(5);
  const column = Math.min(fault.column ?? 1, source.length + 1) - 1;
  // A long line is looked at no further than it can be shown.
  const windowAt = atCharacter(masked, column - LOOKED_AT_BEFORE);
  const cells = cellsOf(masked.slice(windowAt, atCharacter(masked, column + LOOKED_AT_BEHIND)));
  const caretAt = column - windowAt;
  const first = cells.findLastIndex(({ at }) => at <= caretAt);
  const caret = caretAt >= masked.length - windowAt ? cells.length : Math.max(0, first);
  const before = widthOf(cells.slice(0, caret));
  // A long line is cut around the place, so that the caret stays in view.
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

/** Returns the cell at which a line is cut, so that some 40 columns are left before the caret. */
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

/** Returns the index, or the one before it where the index lies within a pair of surrogates. */
function atCharacter(text: string, index: number): number {
  const at = Math.max(0, Math.min(index, text.length));
  return at > 0 && /[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at;
}

/** Returns the length of the thing that the rest of a line begins with, such as a text in quotes. */
function tokenLength(rest: string): number {
  const match = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'|^\$\{[^}]*\}|^(?:(?!: |:$| #|, )[^[\]{}])+/.exec(rest);
  return Math.max(1, (match?.[0] ?? '').trimEnd().length);
}

function masksUrls(fault: Fault): boolean {
  return !/(^|\.)(runbook|public_url|source_url)$/.test(fault.path);
}
