import { shorten } from '../message/clean.ts';
import { fit, keepEnd } from '../transport/fit.ts';

// Zero-width space: splits what Slack would read as markup, and is not seen.
const SPLIT = '\u200b';

/**
 * Escapes text for Slack: `&`, `<` and `>` become entities, in every text object and nothing else does
 * (Slack: "Formatting text for app surfaces, Escaping text"). Without a raw `<` there is no mention and no
 * link. Slack also knows bare `@here` where a client asks it to link names, so those are split.
 */
export function escapeText(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@(?=(?:here|channel|everyone|group)\b)/gi, `@${SPLIT}`);
}

/** Escaped text of at most `lengthMax` UTF-16 units, its end cut off before it was escaped. */
export function fitText(text: string, lengthMax: number): string {
  return fit(text, lengthMax, escapeText, shorten);
}

/**
 * A code block (fences included) of at most `lengthMax` units that keeps the end of `text`: that is where
 * the error is. Backticks next to each other are split, so that nothing closes the block early.
 */
export function fitCode(text: string, lengthMax: number): string {
  return fit(text, lengthMax, codeBlock, keepEnd);
}

function codeBlock(text: string): string {
  const split = text.replace(/`(?=`)/g, `\`${SPLIT}`);
  return `\`\`\`\n${escapeText(split)}\n\`\`\``;
}
