import { describe, expect, test } from 'vitest';
import { lateEndsAdvice } from '../../../src/core/job/why-missed.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { JobFacts } from '../../../src/core/model/records.ts';
import { play, stateAfter } from '../support/scenario.ts';

const NIGHTLY: Declaration = { schedule: '0 2 * * *', grace: '5m' };

/** Returns what is known of each miss that was told, and the advice about it. */
function told(declaration: Declaration, script: string): (string | null | undefined)[][] {
  const facts: JobFacts[] = [];
  play(declaration, script, (result) => facts.push(...result.deliveries.map((each) => each.facts)));
  return facts.filter(({ outcome }) => outcome === 'missed').map(({ detail, advice }) => [detail, advice]);
}

/** Returns the advice that the job shows after a script. */
function after(script: string): string | null {
  return lateEndsAdvice(stateAfter(NIGHTLY, script).job);
}

describe('a missed slot whose run came too early', () => {
  test('names that run, how early it came, and how early the grace allows it to come', () => {
    expect(told({ schedule: '0 2 * * *', grace: '20s' }, '01:59:16 success\n03:00 tick')).toEqual([
      [
        'a success came 44s before it, too early for it: at most 20s, its grace',
        'see whether the clock of its host is right and the crontab says the same schedule; a longer grace lets it come up to 2m early',
      ],
    ]);
  });

  test('names the two minutes that are the most, and no second run near the slot before', () => {
    const advice = 'see whether the clock of its host is right and the crontab says the same schedule';
    expect(told({ schedule: '0 2 * * *', grace: '1h' }, '01:57 success\n03:00 tick')).toEqual([
      ['a success came 3m before it, too early for it: at most 2m, which is the most', advice],
    ]);
    const uneven = { schedule: '0,58 * * * *', grace: '90s' };
    expect(told(uneven, '00:58 success\n00:58:59 success\n01:02 tick')).toEqual([[null, undefined]]);
  });

  test('names no run of more than two hours before, nor one that belongs to the slot before', () => {
    const nightly = { schedule: '0 2 * * *', grace: '5m' };
    expect(told(nightly, '00:00 log\n00:01 success\n03:00 tick')).toEqual([
      ['a success came 1h59m before it, too early for it: at most 2m, which is the most', expect.any(String)],
    ]);
    expect(told(nightly, 'd1 23:59 success\nd2 03:00 tick').slice(1)).toEqual([[null, undefined]]);
    expect(told({ schedule: '0 * * * *', grace: '5m' }, '01:00 success\n02:10 tick')).toEqual([
      [null, undefined],
    ]);
  });
});

describe('a job that is heard of only at its end, after its grace', () => {
  const nights = '01:00 log\n02:47 success took=46m\nd2 02:49 success\nd3 02:46 success\nd4 02:04 tick';
  const advice =
    'raise grace above 47m, the time until it reports its end, or send a start ping: else every run is missed first';

  test('is told why and what to do from the second time on', () => {
    expect(told(NIGHTLY, nights)).toEqual([
      [null, undefined],
      ['its last run was heard of only at its end, 47m after its slot', advice],
      [
        'its last run was heard of only at its end, 49m after its slot',
        'raise grace above 49m, the time until it reports its end, or send a start ping: else every run is missed first',
      ],
    ]);
  });

  test('shows the advice until a slot is claimed in time or by a start', () => {
    expect(after('01:00 log\n02:47 success')).toBeNull();
    expect(after('01:00 log\n02:47 success\nd2 02:06 tick')).toBe(advice);
    expect(after('01:00 log\n02:47 success\nd2 02:30 success')).toBe(advice);
    expect(after('01:00 log\n02:47 success\nd2 02:30 success\nd3 02:01 success')).toBeNull();
    expect(after('01:00 log\n02:47 success\nd2 02:30 success\nd3 02:30 start rid=a')).toBeNull();
    expect(
      after('01:00 log\n02:47 success\nd2 02:30 success\nd2 12:00 spec {"schedule":"0 3 * * *"}'),
    ).toBeNull();
  });

  test('gets no advice where its end was replayed', () => {
    expect(
      lateEndsAdvice(
        stateAfter(NIGHTLY, '01:00 log\n02:47 success delay=44m\nd2 02:47 success delay=44m').job,
      ),
    ).toBeNull();
  });
});
