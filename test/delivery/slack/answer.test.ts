import { describe, expect, test } from 'vitest';
import { isAboutBlocks } from '../../../src/delivery/slack/answer.ts';

function about(status: number, body: string): boolean {
  return isAboutBlocks({ status, body, retryAfter: undefined });
}

describe('isAboutBlocks', () => {
  test('is true for an answer that plain text may avoid', () => {
    expect(about(400, 'invalid_blocks')).toBe(true);
    expect(about(400, 'invalid_blocks_format')).toBe(true);
    expect(about(400, 'invalid_payload\n')).toBe(true);
    expect(about(400, 'user_not_found')).toBe(false);
    expect(about(403, 'invalid_token')).toBe(false);
  });
});
