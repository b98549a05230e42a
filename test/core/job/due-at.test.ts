import { describe, expect, test } from 'vitest';
import { instant, stateAfter } from '../support/scenario.ts';
import { NIGHTLY, HOURLY, NONE } from '../support/table.ts';

describe('§3 due_at', () => {
  test('is the deadline, the limit of a run or a reminder, whichever comes first', () => {
    expect(stateAfter(NIGHTLY, '00:00 tick').job.due_at).toBe(instant('02:05'));
    expect(stateAfter(NIGHTLY, '02:00 start rid=a').job.due_at).toBe(instant('04:00'));
    expect(stateAfter({ ...NIGHTLY, remind_every: '30m' }, '02:00 failure').job.due_at).toBe(
      instant('02:30'),
    );
    expect(stateAfter(NONE, '02:00 success').job.due_at).toBeNull();
    expect(stateAfter(HOURLY, '00:30 paused').job.due_at).toBeNull();
  });

  test('is the end of a maintenance window and the grace, where an incident waits for it', () => {
    const maintenance = [{ from: '2025-01-01T01:00Z', to: '2025-01-01T01:30Z' }];
    expect(stateAfter({ ...HOURLY, maintenance }, '01:10 failure').job.due_at).toBe(instant('01:35'));
  });

  test('lies the grace after expected_at, the oldest slot that is not yet settled', () => {
    const { job } = stateAfter({ ...HOURLY, grace: '90m' }, '02:20 tick');
    expect(job.expected_at).toBe(instant('01:00'));
    expect(job.due_at).toBe(instant('02:30'));
  });
});
