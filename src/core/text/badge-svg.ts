import { type Badge, BADGE_COLOURS } from '../model/badge.ts';
import { escapeHtml } from './html.ts';

const HEIGHT = 20;
const PADDING = 6;
/** So much is shown of a text, because names may be long. */
const LENGTH_MAX = 60;
/** Widths of characters of Verdana at 11 pixels, roughly: the narrow ones, the wide ones, and all others. */
const NARROW = /[ijlI|.,:;'!()[\] -]/;
const WIDE = /[mwMW@%]/;
const WIDTHS = { narrow: 4.4, wide: 10.2, other: 7.2 };
/** What XML has no place for, and characters that change the direction of what comes after them. */
// eslint-disable-next-line no-control-regex
const NOT_SHOWN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/**
 * Draws a badge as an SVG that needs no font and nothing else from outside. It has a title for those who cannot see it,
 * and nothing that a policy for content could refuse.
 */
export function badgeSvg({ label, message, colour }: Badge): string {
  const [left, right] = [shown(label), shown(message)];
  const [leftWidth, rightWidth] = [widthOf(left), widthOf(right)];
  const width = leftWidth + rightWidth;
  const title = escapeHtml(`${left}: ${right}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${title}">
<title>${title}</title>
<rect width="${leftWidth}" height="${HEIGHT}" fill="#555"/>
<rect x="${leftWidth}" width="${rightWidth}" height="${HEIGHT}" fill="${BADGE_COLOURS[colour]}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
${text(left, 0, leftWidth)}
${text(right, leftWidth, rightWidth)}
</g>
</svg>
`;
}

/** The text is fitted to its width, so that it looks alike whatever font there is. */
function text(words: string, from: number, width: number): string {
  const length = width - 2 * PADDING;
  return `<text x="${from + width / 2}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escapeHtml(words)}</text>`;
}

function shown(words: string): string {
  const characters = Array.from(words.toWellFormed().replaceAll(NOT_SHOWN, ''));
  if (characters.length === 0) return '-';
  return characters.length <= LENGTH_MAX
    ? characters.join('')
    : `${characters.slice(0, LENGTH_MAX - 1).join('')}\u2026`;
}

function widthOf(words: string): number {
  const widths = Array.from(words, (each) =>
    NARROW.test(each) ? WIDTHS.narrow : WIDE.test(each) ? WIDTHS.wide : WIDTHS.other,
  );
  return Math.ceil(widths.reduce((sum, each) => sum + each, 0)) + 2 * PADDING;
}
