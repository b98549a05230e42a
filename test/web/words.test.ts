import { describe, expect, test } from 'vitest';
import {
  closedText,
  deliveryText,
  outcomeWord,
  reasonText,
  statusWord,
  systemText,
  type ToldRun,
  warningOf,
  whyText,
} from '../../src/web/model/words.ts';

const NOW = Date.parse('2026-01-16T08:05:00Z');
const RUN: ToldRun = {
  reason: 'exit_code',
  outcome: 'failure',
  exit_code: 1,
  signal: null,
  duration_ms: 252_000,
  detail: null,
  slot_at: '2026-01-16T02:00:00.000Z',
  first_slot_at: null,
  count: 1,
  ended_at: '2026-01-16T02:20:00.000Z',
};

test('an incident, a reason and a message are a few words', () => {
  const at = '2026-01-16T03:00:00.000Z';
  expect(closedText({ closed_at: null, close_reason: null })).toBe('open');
  expect(closedText({ closed_at: at, close_reason: 'recovered' })).toBe('recovered');
  expect(closedText({ closed_at: at, close_reason: 'late_report' })).toBe('closed by a late report');
  expect(closedText({ closed_at: at, close_reason: 'paused' })).toBe('closed because the job was paused');
  expect(closedText({ closed_at: at, close_reason: 'removed' })).toBe('closed because the job was removed');
  expect([reasonText('missed'), reasonText('overlap'), reasonText('lock_held')]).toEqual([
    'did not start',
    'started while an earlier run was still going',
    'lock held',
  ]);
  expect(deliveryText({ kind: 'opened', status: 'sent' })).toBe('alert sent');
  expect(deliveryText({ kind: 'closed', status: 'dead', merged_into: 'd' })).toBe(
    'end given up together with others',
  );
});

describe('why a run or a slot is bad', () => {
  test.each<[Partial<ToldRun>, string]>([
    [{}, 'exit 1 after 4m 12s'],
    [{ reason: 'signal', signal: 'KILL' }, 'killed by SIGKILL after 4m 12s'],
    [{ reason: 'signal', signal: '9' }, 'killed by 9 after 4m 12s'],
    [{ reason: 'reported_failure', duration_ms: null }, 'reported a failure'],
    [{ reason: 'late_report', exit_code: null }, 'failed after 4m 12s'],
    [
      { reason: 'output_mismatch', detail: 'its output lacks "done"' },
      'ended after 4m 12s, but its output lacks "done"',
    ],
    [{ reason: 'too_fast' }, 'ended after 4m 12s, too soon to have done its work'],
    [{ reason: 'timeout', outcome: 'timeout', duration_ms: null }, 'reported no end by its limit'],
    [
      { reason: 'timeout', outcome: 'timeout', duration_ms: 14_400_000 },
      'reported no end within its limit of 4h',
    ],
    [{ reason: 'unreadable_report' }, 'ended after 4m 12s, and its report cannot be read'],
    [{ reason: 'missed', outcome: 'missed' }, 'did not start at 02:00: nothing was heard of it by 02:20'],
    [{ reason: 'missed', outcome: 'missed', slot_at: null }, 'did not start'],
    [
      { reason: 'never_seen', outcome: 'missed' },
      'did not start at 02:00: nothing was heard of it by 02:20, nor ever before',
    ],
    [
      {
        reason: 'missed',
        outcome: 'missed',
        count: 3,
        first_slot_at: '2026-01-15T02:00:00.000Z',
        slot_at: '2026-01-16T02:00:00.000Z',
      },
      'did not start 3 times, from Thu 02:00 to 02:00',
    ],
    [{ reason: 'outage', outcome: 'unknown', duration_ms: null }, 'unknown'],
  ])('%j: %s', (changes, text) => {
    expect(whyText({ ...RUN, ...changes }, NOW, 'UTC')).toBe(text);
  });

  test('trouble of Cronflow itself says what it is about', () => {
    expect(systemText({ reason: 'notifier_failing', subject: 'ops', detail: 'refused' })).toBe(
      'ops: refused',
    );
    expect(systemText({ reason: 'config_invalid' })).toBe('the configuration on disk has faults');
  });

  test('a status and an outcome are words', () => {
    expect([
      statusWord('timeout'),
      outcomeWord('timeout'),
      outcomeWord(null),
      outcomeWord('skipped'),
    ]).toEqual(['timed out', 'timed out', 'running', 'skipped']);
  });
});

test('a warning leads to the screen that says why', () => {
  expect(warningOf('messages to "a" are not delivered; GET /deliveries?notifier=a says why')).toEqual({
    said: 'Messages to "a" are not delivered.',
    path: { pathname: '/deliveries', search: '?notifier=a' },
  });
  expect(warningOf('the configuration on disk is not applied; GET /config says why')).toEqual({
    said: 'The configuration on disk is not applied.',
    path: { pathname: '/configuration', search: '' },
  });
  expect(warningOf('nobody will be told')).toEqual({ said: 'Nobody will be told', path: null });
});
