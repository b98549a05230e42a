import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Day } from '../../../src/core/model/daily.ts';
import type { Job } from '../../../src/core/model/records.ts';
import { type Commit, decodeCommit, decodeLogged } from '../../../src/store/lowdb/commit-line.ts';
import { decodeLine } from '../../../src/store/lowdb/lines.ts';

/**
 * Lines of schema version 6 with the commits that they stand for. They never change, because such lines lie in people's
 * data directories: a Cronflow that would read one of them otherwise needs a new schema version.
 */
const { job, day, lines } = JSON.parse(
  readFileSync(new URL('../../testdata/lines-6.json', import.meta.url), 'utf8'),
) as { job: Job; day: Day; lines: { line: string; commit: Commit }[] };
const unknown = (): undefined => undefined;

test.each(lines)('the line of commit $commit.seq is read as it was written', ({ line, commit }) => {
  const { value, fault } = decodeLine(Buffer.from(line.trimEnd()));
  expect(fault).toBeNull();
  const before = { job: () => job, row: unknown, day: () => day, incident: unknown, delivery: unknown };
  expect(decodeCommit(value, { before, place: { segment: 1, offset: 1_000 } })).toEqual(commit);
  const { seq, at, events } = commit;
  expect(decodeLogged(value)).toEqual({ seq, at, events });
});
