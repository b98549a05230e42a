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

test('unknown names are listed, those that pinged last first, and former names are not', () => {
  const clock = createFakeClock(0);
  const unknown = new UnknownPings({ clock, logger: silentLogger });
  unknown.note('a', 'start');
  clock.set(1000);
  unknown.note('b', 'start');
  clock.set(2000);
  unknown.noteFormer('c', 'd', 'start');
  unknown.note('a', 'success');
  expect(unknown.recent()).toEqual([
    { name: 'a', kind: 'success', count: 2, first_at: 0, last_at: 2000 },
    { name: 'b', kind: 'start', count: 1, first_at: 1000, last_at: 1000 },
  ]);
  for (let i = 0; i < 1_500; i += 1) unknown.note(`name-${i}`, 'start');
  expect(unknown.recent()).toHaveLength(1_000);
});

test('a former name is told once an hour with the name that the job has now', () => {
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

test('an hour has a bounded number of lines however many names ping, and the last line says so', async () => {
  const clock = createFakeClock(0);
  const said: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void said.push(message) };
  const unknown = new UnknownPings({ clock, logger });
  const flood = (): void => {
    for (let i = 0; i < 5_000; i += 1) unknown.note(`name-${clock.now()}-${i}`, 'start');
  };
  flood();
  expect(said).toHaveLength(101);
  expect(said.at(-1)).toContain('GET /pings/unknown');
  await clock.advance(3_599_999);
  flood();
  expect(said).toHaveLength(101);
  await clock.advance(1);
  flood();
  expect(said).toHaveLength(202);
});

test('a name that no job can have is cut', () => {
  const said: unknown[] = [];
  const logger = { ...silentLogger, warn: (_message: string, fields: unknown) => void said.push(fields) };
  const unknown = new UnknownPings({ clock: createFakeClock(0), logger });
  unknown.note('x'.repeat(16_000), 'start');
  unknown.note('y'.repeat(128), 'start');
  const names = ['y'.repeat(128), `${'x'.repeat(128)}…`];
  expect(unknown.recent().map(({ name }) => name)).toEqual(names);
  expect(said).toMatchObject([{ name: names[1] }, { name: names[0] }]);
});
