/**
 * Matches characters that are invisible or change how others look: controls, marks of direction, blanks that are none
 * to YAML, byte order marks, halves of characters. Characters that join or vary their neighbours are kept where these
 * neighbours are.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}|(?![\u200C\u200D])\p{Cf}|\p{Default_Ignorable_Code_Point}(?<![\p{M}\u200C\u200D])|(?<![\p{L}\p{M}\p{So}\p{Sk}])[\u200C\u200D]/gu;

const ASCII = /^[ -~]*$/;

/**
 * Returns a text as people may see it in a terminal: an invisible character is written as an escape such as `\u00a0`.
 */
export function visible(text: string): string {
  return ASCII.test(text) ? text : text.replaceAll(INVISIBLE, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Matches characters that most terminals show two columns wide. */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|^\p{Emoji_Presentation}|\uFE0F|^\p{RI}\p{RI}/u;
/** The segmenter is made when it is first needed, because making it takes as long as some commands. */
let graphemes: Intl.Segmenter | undefined;

/** One character as people see it. */
export interface Cell {
  /** Offset in the text at which it begins, in UTF-16 units. */
  at: number;
  shown: string;
  /** Columns of a terminal that it takes. */
  width: number;
}

/** Splits a text into the characters that a terminal shows: combined ones together, invisible ones as escapes. */
export function cellsOf(text: string): Cell[] {
  if (ASCII.test(text)) return Array.from(text, (shown, at) => ({ at, shown, width: 1 }));
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return [...graphemes.segment(text)].map(({ segment, index }) => {
    const shown = segment === '\t' ? ' ' : visible(segment);
    if (shown !== segment) return { at: index, shown, width: shown.length };
    return { at: index, shown, width: WIDE.test(segment) ? 2 : 1 };
  });
}
