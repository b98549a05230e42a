import type { HttpAnswer } from '../http-answer.ts';

/** Errors that plain text may avoid: something in the blocks is not to Slack's liking. */
const BLOCK_ERRORS = new Set(['invalid_payload', 'invalid_blocks', 'invalid_blocks_format']);

/** Whether the same message without blocks may be taken. */
export function isAboutBlocks(answer: HttpAnswer): boolean {
  return answer.status === 400 && BLOCK_ERRORS.has(answer.body.trim());
}
