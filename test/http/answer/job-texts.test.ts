import { expect, test } from 'vitest';
import { DEFAULT_GLOBALS } from '../../../src/core/model/spec.ts';
import { JobTexts } from '../../../src/http/answer/job-texts.ts';
import { jobJson } from '../../../src/http/answer/wire.ts';
import { HOUR_MS, SECOND_MS } from '../../../src/schedule/units.ts';
import { incident, job, NOW_AT } from '../../support/records.ts';

const EXPECTED = job('a', { declaration: { schedule: '0 * * * *' } }, { expected_at: NOW_AT + HOUR_MS });

function shown(texts: JobTexts, ...what: Parameters<JobTexts['show']>): unknown {
  return JSON.parse(texts.show(...what).text);
}

test('the text of a job says what its JSON does, whatever changes', () => {
  const texts = new JobTexts();
  const failing = { ...EXPECTED, state: { ...EXPECTED.state, status: 'failure' as const } };
  const open = incident('i', 'a');
  // How long a gap is waited for is a setting, which moves the deadline of this job.
  const gaps = [{ from_at: NOW_AT, to_at: NOW_AT + 2 * HOUR_MS }];
  const hidden = { ...EXPECTED, state: { ...EXPECTED.state, gaps } };
  const globals = { ...DEFAULT_GLOBALS, replayWindowMs: 1 };
  const cases: Parameters<JobTexts['show']>[] = [
    [EXPECTED, undefined, DEFAULT_GLOBALS, NOW_AT],
    [EXPECTED, undefined, DEFAULT_GLOBALS, NOW_AT + SECOND_MS],
    [EXPECTED, undefined, DEFAULT_GLOBALS, NOW_AT + HOUR_MS + 1],
    [EXPECTED, undefined, DEFAULT_GLOBALS, NOW_AT + HOUR_MS],
    [failing, undefined, DEFAULT_GLOBALS, NOW_AT],
    [failing, open, DEFAULT_GLOBALS, NOW_AT],
    [failing, { ...open, bad_count: 2 }, DEFAULT_GLOBALS, NOW_AT],
    [failing, open, globals, NOW_AT],
    [hidden, undefined, DEFAULT_GLOBALS, NOW_AT],
    [hidden, undefined, globals, NOW_AT],
    [
      { ...EXPECTED, state: { ...EXPECTED.state, paused_by_api: true } },
      undefined,
      globals,
      NOW_AT + 2 * HOUR_MS,
    ],
  ];
  for (const what of cases) {
    const json = JSON.parse(JSON.stringify(jobJson(...what))) as unknown;
    // Asked twice, the text is the one that was kept.
    expect(shown(texts, ...what)).toEqual(json);
    expect(shown(texts, ...what)).toEqual(json);
  }
});

test('a job is late from the instant after the one at which it was expected, without a new record', () => {
  const texts = new JobTexts();
  const lateAt = (nowAt: number): unknown =>
    (shown(texts, EXPECTED, undefined, DEFAULT_GLOBALS, nowAt) as { late: boolean }).late;
  const at = NOW_AT + HOUR_MS;
  expect([at - 1, at, at + 1].map(lateAt)).toEqual([false, false, true]);
});

test('more jobs than are kept are all right, too', () => {
  const texts = new JobTexts();
  const jobs = Array.from({ length: 5_001 }, (_, number) => job(String(number)));
  const names = jobs.map(
    (each) => (shown(texts, each, undefined, DEFAULT_GLOBALS, NOW_AT) as { name: string }).name,
  );
  expect(names).toEqual(jobs.map(({ name }) => name));
});
