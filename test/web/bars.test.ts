import { describe, expect, test } from 'vitest';
import type { ShortRun } from '../../src/cli/api-types.ts';
import { barsOf, barsText, isLong, usualMs } from '../../src/web/model/bars.ts';

const NOW = Date.parse('2026-01-16T08:05:00Z');

function run(changes: Partial<ShortRun> = {}): ShortRun {
  return {
    id: 'r',
    outcome: 'success',
    reason: 'succeeded',
    began_at: '2026-01-16T02:00:00.000Z',
    ended_at: '2026-01-16T02:01:00.000Z',
    duration_ms: 60_000,
    limit_at: null,
    count: 1,
    ...changes,
  };
}

describe('the latest runs as bars', () => {
  test('stand with the oldest first, each as high as it took long beside the longest', () => {
    const bars = barsOf(
      [run({ id: 'new', duration_ms: 120_000 }), run({ id: 'old' }), run({ id: 'short', duration_ms: 10 })],
      NOW,
      'UTC',
    );
    expect(bars.map(({ id, height }) => [id, height])).toEqual([
      ['short', 0.25],
      ['old', 0.5],
      ['new', 1],
    ]);
  });

  test.each<[Partial<ShortRun>, string, string]>([
    [{}, 'good', '02:00 succeeded, 1m'],
    [{ outcome: 'failure' }, 'failed', '02:00 failed, 1m'],
    [{ outcome: 'abandoned', duration_ms: null }, 'failed', '02:00 abandoned'],
    [{ outcome: 'timeout', duration_ms: null }, 'slow', '02:00 timed out'],
    [{ outcome: 'missed', duration_ms: null, count: 3 }, 'missed', '02:00 missed 3 times'],
    [{ outcome: 'skipped', duration_ms: null }, 'idle', '02:00 skipped'],
    [{ outcome: null, duration_ms: null }, 'open', '02:00 running'],
  ])('%j is %s and says %s', (changes, kind, text) => {
    expect(barsOf([run(changes)], NOW, 'UTC')).toMatchObject([{ kind, text }]);
  });

  test('are one sentence for who cannot see them', () => {
    expect(barsText([run(), run({ outcome: 'missed' }), run()])).toBe('last 3: 2 succeeded, 1 missed');
    expect(barsText([])).toBe('no runs yet');
  });
});

describe('a run takes long', () => {
  const usual = usualMs([10_000, 20_000, 90_000].map((ms) => run({ duration_ms: ms })));

  test('beside the median of the good ones, of which three are needed', () => {
    expect(usual).toBe(20_000);
    expect(usualMs([run(), run()])).toBeNull();
    expect(usualMs([run(), run(), run({ outcome: 'failure' })])).toBeNull();
  });

  test.each([
    [79_000, false],
    [81_000, true],
  ])('after %i ms: %s', (elapsedMs, isSo) => {
    expect(isLong(elapsedMs, usual)).toBe(isSo);
  });

  test('where twice as long is more than a minute more', () => {
    expect([isLong(1_100_000, 600_000), isLong(1_300_000, 600_000), isLong(1e9, null)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
