import type { Lint } from '../core/model/errors.ts';
import type { SourceFile } from './config.ts';

/** Matches the comment that allows lints; it stands behind the place of the lint or on the line above. */
const ALLOW = /(?:^|\s)#\s*cronflow:\s*allow\s+([\w, ]+)/;

/**
 * Removes the lints that are allowed: by a comment at their place, or everywhere by name.
 * @param everywhere names of lints
 * @returns the lints that are left, and the number of those that were removed
 */
export function withoutAllowed(
  lints: readonly Lint[],
  files: readonly SourceFile[],
  everywhere: readonly string[] = [],
): { lints: Lint[]; allowed: number } {
  if (lints.length === 0) return { lints: [], allowed: 0 };
  const lines = new Map(files.map(({ path, text }) => [path, text.split('\n')]));
  const kept = lints.filter(({ code, file, line }) => {
    if (everywhere.includes(code)) return false;
    if (file === undefined || line === undefined) return true;
    const [above = '', own = ''] = [lines.get(file)?.[line - 2], lines.get(file)?.[line - 1]];
    const comments = [own, ...(/^\s*#/.test(above) ? [above] : [])];
    return !comments.some((comment) =>
      ALLOW.exec(comment)?.[1]
        ?.split(/[\s,]+/)
        .includes(code),
    );
  });
  return { lints: kept, allowed: lints.length - kept.length };
}
