import type { Fault } from '../core/errors.ts';
import type { SourceFile } from './config.ts';
import { maskUrls, stars } from './mask.ts';

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
  const masked = masksUrls(fault) ? maskUrls(maskValues(source)) : maskValues(source);
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

/** What stands where a secret belongs, unless it only names a variable. */
function maskValues(line: string): string {
  return line.replace(/(webhook_url["']?\s*:\s*)(.*)/, (whole, key: string, value: string) =>
    /^(["']?)\$\{\w+(:-)?\}\1\s*([,}#].*)?$/.test(value) || /^(""|'')?$/.test(value.trim())
      ? whole
      : key + stars(value),
  );
}
