import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundValues } from '../../../src/store/postgres/arrays.ts';
import { Database } from '../../../src/store/postgres/database.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';

const TEXTS = [
  '',
  'NULL',
  null,
  'a "quoted" \\ one, {with} all that an array uses',
  ' \t\n\r\u{1}\u{7f} ',
  'zwölf ☃ 🦆',
  'half of a pair: \u{d83e}',
];
const JSONS = [
  '{"text": "a \\"quoted\\" \\\\ one\\u0000"}',
  '[1, null]',
  null,
  ' {"begins": "with a space"}',
  ...[
    'plain',
    '"quoted" \\ {a,b} \n\t',
    'ü € 💥 \u2028',
    null,
    12.5,
    { text: ['x: "y"\n'.repeat(100)] },
    '',
  ].map((value) => JSON.stringify(value)),
];
const INTEGERS = [0, 1, -1, null, 2_147_483_647, -2_147_483_647, -2_147_483_648];
const BIGINTS = [0, 1, -1, null, 1_800_000_000_000, -1_800_000_000_000, 2 ** 32, -(2 ** 32), 2 ** 53 - 1];
const BOOLEANS = [true, false, null];
const BYTES = [Buffer.from(''), null, Buffer.from([0, 1, 0x5c, 0x22, 255])];

describe.skipIf(missingPostgres() !== null)('arrays that are sent to the database', () => {
  let database: TestDatabase;
  let connected: Database;
  beforeAll(async () => {
    database = await freshDatabase();
    connected = new Database({ url: database.url, onClock: () => {}, answerMsMax: WAIT_LIMIT_MS });
  });
  afterAll(async () => {
    await connected.end();
    await database.drop();
  });

  /** Returns each element as the database writes it. */
  const written = async (type: string, values: readonly unknown[]): Promise<unknown[]> => {
    const text = `select i::text as element from unnest($1::${type}[]) with ordinality as u (i, place) order by place`;
    const rows = await connected.read(WAIT_LIMIT_MS, (session) => session.ask({ text }, values));
    return rows.map(({ element }) => element);
  };

  test.each([
    ['text', TEXTS, TEXTS.map((each) => each?.toWellFormed() ?? null)],
    ['json', JSONS, JSONS],
    ['integer', INTEGERS, INTEGERS.map((each) => each?.toString() ?? null)],
    ['bigint', BIGINTS, BIGINTS.map((each) => each?.toString() ?? null)],
    ['boolean', BOOLEANS, ['true', 'false', null]],
    ['bytea', BYTES, BYTES.map((each) => (each === null ? null : `\\x${each.toString('hex')}`))],
    ['text', [], []],
    ['json', [], []],
    ['text', [null], [null]],
  ])('arrive as they are: %s', async (type, values, expected) => {
    const statement = { text: `select $1::${type}[]` };
    // Those that no test sends in binary form would arrive as well, as texts.
    const inRange = values.filter((each) => each !== -2_147_483_648);
    expect(boundValues(statement, [inRange])).toEqual([expect.any(Buffer)]);
    expect(await written(type, values)).toEqual(expected);
  });

  test.each([
    ['integer', [2_147_483_648], '22003'],
    ['integer', [1.5], '22P02'],
    ['bigint', [Number.NaN], '22P02'],
    ['boolean', ['perhaps'], '22P02'],
    ['text', ['zero \0'], '22021'],
    ['json', ['{'], '22P02'],
  ])('are refused by the database where they are none: %s of %j', async (type, values, code) => {
    await expect(written(type, values)).rejects.toMatchObject({ code });
  });

  test('go as they are where the statement does not say what they are', () => {
    const values = [['a'], 'b', ['c'], 4, [5]];
    const bound = boundValues(
      { text: 'select $1, $2::text, $3::text[], $4::integer, $5::numeric[]' },
      values,
    );
    expect(bound).toEqual([['a'], 'b', expect.any(Buffer), 4, [5]]);
  });
});
