import { shorten } from '../message/clean.ts';
import { fit, keepEnd } from '../transport/fit.ts';

// A zero-width space, which is not seen and splits text that Slack would read as markup.
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

/** Escapes a text after cutting its end off, so that at most `lengthMax` UTF-16 units result. */
export function fitText(text: string, lengthMax: number): string {
  return fit(text, lengthMax, escapeText, shorten);
}

/**
 * Writes a code block of at most `lengthMax` units, fences included, that keeps the end of `text`, because the error
 * is there. Backticks next to each other are split, so that nothing closes the block early.
 */
export function fitCode(text: string, lengthMax: number): string {
  return fit(text, lengthMax, codeBlock, keepEnd);
}

function codeBlock(text: string): string {
  const split = text.replace(/`(?=`)/g, `\`${SPLIT}`);
  return `\`\`\`\n${escapeText(split)}\n\`\`\``;
}
