import type { SourceFile } from '../config/config.ts';
import { type Lint, LINTS } from '../core/model/errors.ts';
import { nearest } from '../core/text/nearest.ts';

/** Matches the comment that allows lints; it stands behind the place of the lint or on the line above. */
const ALLOW = /(?:^|\s)#\s*cronflow:\s*allow\s+([\w, ]+)/;

/**
 * Returns the names of lints in these words.
 * @throws Error for a word that is the name of no lint
 */
export function lintNames(words: readonly string[]): string[] {
  const names = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  for (const name of names) {
    if (LINTS.some((each) => each === name)) continue;
    const meant = nearest(name, LINTS);
    const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
    throw new Error(`--allow "${name}" is no lint${hint} (allowed: ${LINTS.join(', ')})`);
  }
  return names;
}

/** Removes the lints that are allowed, by name everywhere or by a comment at their place. */
export function withoutAllowed(
  lints: readonly Lint[],
  files: readonly SourceFile[],
  everywhere: readonly string[],
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
