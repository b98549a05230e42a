import { describe, expect, test } from 'vitest';
import { resultOf, retryAfterMs } from '../../../src/delivery/transport/http-answer.ts';

const NOW_AT = Date.UTC(2026, 0, 15, 12);

function answered(status: number, body = '', retryAfter?: string): unknown {
  return resultOf('Slack', { status, body, retryAfter }, NOW_AT);
}

describe('resultOf', () => {
  test('takes any 2xx as accepted', () => {
    expect(answered(200, 'ok')).toEqual({ result: 'ok' });
    expect(answered(204)).toEqual({ result: 'ok' });
  });

  test.each([
    [403, 'invalid_token'],
    [403, 'action_prohibited'],
    [404, 'no_service'],
    [404, 'channel_not_found'],
    [410, 'channel_is_archived'],
    [400, 'user_not_found'],
    [400, 'invalid_payload'],
    [302, ''],
  ])('gives up at %i %s', (status, body) => {
    const detail = `Slack answered ${status}${body === '' ? '' : ` ${body}`}`;
    expect(answered(status, body)).toEqual({ result: 'permanent', detail });
  });

  test.each([500, 502, 503, 504, 408])('tries again after %i', (status) => {
    expect(answered(status, 'rollup_error')).toEqual({
      result: 'retry',
      detail: `Slack answered ${status} rollup_error`,
    });
  });

  test('waits as long as it is told', () => {
    expect(answered(429, 'rate_limited', '7')).toEqual({
      result: 'retry',
      detail: 'Slack answered 429 rate_limited',
      afterMs: 7_000,
    });
    expect(answered(503, '', '120')).toMatchObject({ afterMs: 120_000 });
    expect(answered(429)).toMatchObject({ afterMs: 30_000 });
  });

  test('quotes a proxy no longer than a line', () => {
    expect(answered(403, `<html>\n${'x'.repeat(1_000)}`)).toEqual({
      result: 'permanent',
      detail: `Slack answered 403 <html> ${'x'.repeat(92)}…`,
    });
  });
});

describe('retryAfterMs', () => {
  test('reads seconds and dates, and nothing else', () => {
    expect(retryAfterMs('30', NOW_AT)).toBe(30_000);
    expect(retryAfterMs(' 1.5 ', NOW_AT)).toBe(1_500);
    expect(retryAfterMs('Thu, 15 Jan 2026 12:00:10 GMT', NOW_AT)).toBe(10_000);
    expect(retryAfterMs('Thu, 15 Jan 2026 11:00:00 GMT', NOW_AT)).toBe(0);
    expect(retryAfterMs('-5', NOW_AT)).toBeNull();
    expect(retryAfterMs('soon', NOW_AT)).toBeNull();
    expect(retryAfterMs(undefined, NOW_AT)).toBeNull();
  });
});
