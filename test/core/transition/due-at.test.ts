import { describe, expect, test } from 'vitest';
import { instant, stateAfter } from '../support/scenario.ts';
import { NIGHTLY, HOURLY, NONE } from '../support/table.ts';

describe('due_at', () => {
  test('is the deadline, the limit of a run or a reminder, whichever comes first', () => {
    expect(stateAfter(NIGHTLY, '00:00 tick').job.due_at).toBe(instant('02:05'));
    expect(stateAfter(NIGHTLY, '02:00 start rid=a').job.due_at).toBe(instant('04:00'));
    expect(stateAfter({ ...NIGHTLY, remind_every: '30m' }, '02:00 failure').job.due_at).toBe(
      instant('02:30'),
    );
    expect(stateAfter(NONE, '02:00 success').job.due_at).toBeNull();
    expect(stateAfter(HOURLY, '00:30 paused').job.due_at).toBeNull();
  });
});
