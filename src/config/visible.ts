/**
 * Characters that cannot be seen, or that change how others are: controls, marks of direction, blanks that are none
 * to YAML, byte order marks, halves of characters. Those that join or vary the characters beside them are kept where
 * such stand.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}|(?![\u200C\u200D])\p{Cf}|\p{Default_Ignorable_Code_Point}(?<![\p{M}\u200C\u200D])|(?<![\p{L}\p{M}\p{So}\p{Sk}])[\u200C\u200D]/gu;

const ASCII = /^[ -~]*$/;

/** A text as people may see it in a terminal: what is invisible is written as an escape such as `\u00a0`. */
export function visible(text: string): string {
  return ASCII.test(text) ? text : text.replaceAll(INVISIBLE, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** What most terminals show two columns wide. */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|^\p{Emoji_Presentation}|\uFE0F|^\p{RI}\p{RI}/u;
/** Made when it is first needed: it takes as long as some commands do otherwise. */
let graphemes: Intl.Segmenter | undefined;

/** One character as people see it. */
export interface Cell {
  /** Where it begins in the text, in UTF-16 units. */
  at: number;
  shown: string;
  /** Columns of a terminal that it takes. */
  width: number;
}

/** The characters of a text as a terminal shows them: combined ones together, invisible ones as escapes. */
export function cellsOf(text: string): Cell[] {
  if (ASCII.test(text)) return Array.from(text, (shown, at) => ({ at, shown, width: 1 }));
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return [...graphemes.segment(text)].map(({ segment, index }) => {
    const shown = segment === '\t' ? ' ' : visible(segment);
    if (shown !== segment) return { at: index, shown, width: shown.length };
    return { at: index, shown, width: WIDE.test(segment) ? 2 : 1 };
  });
}
