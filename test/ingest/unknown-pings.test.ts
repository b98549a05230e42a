import { expect, test } from 'vitest';
import { UnknownPings } from '../../src/ingest/unknown-pings.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('a job nobody declared is named once an hour, with how often it pinged', () => {
  const clock = createFakeClock(0);
  const said: unknown[] = [];
  const logger = { ...silentLogger, warn: (_message: string, fields: unknown) => void said.push(fields) };
  const unknown = new UnknownPings({ clock, logger });
  for (let minute = 0; minute <= 60; minute += 1) {
    clock.set(minute * 60_000);
    unknown.note('backpu', 'start');
  }
  unknown.note('other', 'success');
  expect(said).toEqual([
    { name: 'backpu', kind: 'start', count: 1 },
    { name: 'backpu', kind: 'start', count: 61 },
    { name: 'other', kind: 'success', count: 1 },
  ]);
});

test('a former name is told with the name that the job has now, as often', () => {
  const clock = createFakeClock(0);
  const said: unknown[] = [];
  const logger = { ...silentLogger, warn: (...line: unknown[]) => void said.push(line) };
  const unknown = new UnknownPings({ clock, logger });
  for (let i = 0; i < 3; i += 1) unknown.noteFormer('dump', 'backup', 'start');
  expect(said).toEqual([
    [
      'a ping came under a former name; it counts for 30 days after the rename',
      { name: 'dump', kind: 'start', job: 'backup', count: 1 },
    ],
  ]);
});
