import { expect, test } from 'vitest';
import { changeOf, EventText } from '../../src/web/model/stream.ts';

test('events are read however the stream is cut, and comments are none', () => {
  const text =
    ': Cronflow events\n\nid: e-0\nevent: fresh\ndata: {}\n\n: beat\n\nid: e-1\nevent: job\ndata: {"id":"j","job":"backup","status":"failure"}\n\n';
  for (const size of [1, 7, text.length]) {
    const reader = new EventText();
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const events = pieces.flatMap((piece) => reader.take(piece));
    expect(events.map(({ id }) => id)).toEqual(['e-0', 'e-1']);
    expect(events.map(changeOf)).toEqual([
      { type: 'fresh', id: null, job: null },
      { type: 'job', id: 'j', job: 'backup' },
    ]);
  }
});

test('an event that is not complete does not count yet', () => {
  const reader = new EventText();
  expect(reader.take('event: job\ndata: {}\n')).toEqual([]);
  expect(reader.take('\n')).toHaveLength(1);
});

test.each(['run', 'job'])('what is gone is told apart by what it was: %s', (of) => {
  const data = JSON.stringify({ of, id: 'x' });
  expect(changeOf({ id: '', type: 'deleted', data })).toEqual({ type: 'deleted', id: 'x', job: null, of });
});

test('an event that this page does not know, or cannot read, is no change', () => {
  expect(changeOf({ id: '', type: 'weather', data: '{}' })).toBeNull();
  expect(changeOf({ id: '', type: 'job', data: '{' })).toBeNull();
});
