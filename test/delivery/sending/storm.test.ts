import { describe, expect, test } from 'vitest';
import { GROUP_WAIT_MS, Storm } from '../../../src/delivery/sending/storm.ts';

describe('a storm', () => {
  test('lets the first five messages of ten seconds go at once, and holds the rest until those seconds are over', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 5; sent += 1) {
      expect(storm.turn(sent * 100, 10 - sent)).toBe('alone');
      storm.alone(sent * 100);
    }
    expect(storm.turn(500, 5)).toBe('wait');
    expect(storm.turn(GROUP_WAIT_MS - 1, 5)).toBe('wait');
    expect(storm.turn(GROUP_WAIT_MS, 5)).toBe('merge');
  });

  test('lets a message that waited by itself go alone', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 5; sent += 1) storm.alone(0);
    expect(storm.turn(1, 1)).toBe('wait');
    expect(storm.turn(GROUP_WAIT_MS, 1)).toBe('alone');
  });

  test('holds what comes within ten seconds after several went out together', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 5; sent += 1) storm.alone(0);
    storm.turn(1, 3);
    storm.merging();
    storm.merged(GROUP_WAIT_MS, 0);
    expect(storm.turn(GROUP_WAIT_MS + 1, 1)).toBe('wait');
    expect(storm.turn(2 * GROUP_WAIT_MS, 2)).toBe('merge');
  });

  test('goes on at once with what did not fit', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 5; sent += 1) storm.alone(0);
    storm.turn(1, 600);
    storm.merging();
    storm.merged(GROUP_WAIT_MS, 300);
    expect(storm.turn(GROUP_WAIT_MS + 1_000, 300)).toBe('merge');
  });

  test('holds what comes while several are being put together, until it is known what went with them', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 5; sent += 1) storm.alone(0);
    storm.turn(1, 74);
    expect(storm.turn(GROUP_WAIT_MS, 74)).toBe('merge');
    storm.merging();
    expect(storm.turn(GROUP_WAIT_MS + 100, 3)).toBe('wait');
    storm.notMerged();
    expect(storm.turn(GROUP_WAIT_MS + 200, 77)).toBe('merge');
    storm.merging();
    storm.merged(GROUP_WAIT_MS + 9_000, 0);
    expect(storm.turn(2 * GROUP_WAIT_MS + 8_999, 3)).toBe('wait');
    expect(storm.turn(2 * GROUP_WAIT_MS + 9_000, 3)).toBe('merge');
  });

  test('gathers what waits for a receiver that takes less than five in ten seconds', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 4; sent += 1) {
      expect(storm.turn(sent * 2_500, 6 + sent)).toBe('alone');
      storm.alone(sent * 2_500);
    }
    expect(storm.turn(GROUP_WAIT_MS, 20)).toBe('merge');
  });

  test('is over when nothing was held', () => {
    const storm = new Storm();
    for (let sent = 0; sent < 4; sent += 1) storm.alone(0);
    expect(storm.turn(GROUP_WAIT_MS, 4)).toBe('alone');
    for (let sent = 0; sent < 4; sent += 1) {
      expect(storm.turn(GROUP_WAIT_MS, 4 - sent)).toBe('alone');
      storm.alone(GROUP_WAIT_MS);
    }
  });

  test('does not send the first five one by one where more than a hundred wait', () => {
    const storm = new Storm();
    expect(storm.turn(0, 5_000)).toBe('alone');
    storm.alone(0);
    expect(storm.turn(1, 101)).toBe('wait');
    expect(storm.turn(1, 100)).toBe('alone');
  });

  test('counts nothing that was not taken', () => {
    const storm = new Storm();
    for (let tried = 0; tried < 9; tried += 1) {
      expect(storm.turn(tried, 9)).toBe('alone');
      storm.alone(tried);
      storm.undo();
    }
    expect(storm.isOver(9)).toBe(true);
  });
});
