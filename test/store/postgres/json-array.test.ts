import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonArray } from '../../../src/store/postgres/json-array.ts';
import { freshDatabase, missingPostgres, type TestDatabase } from '../../support/postgres.ts';

describe.skipIf(missingPostgres() !== null)('a list of JSON values', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeEach(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  test('is taken as it is, whatever it holds', async () => {
    const values = [
      'plain',
      '"quoted" \\ {a,b} \n\t',
      'ü € 💥 \u2028',
      null,
      12.5,
      { text: ['x: "y"\n'.repeat(100)] },
      '',
    ];
    const texts = values.map((value) => JSON.stringify(value));
    const { rows } = await client.query<{ value: unknown }>(
      'select value from unnest($1::json[]) as i (value)',
      [jsonArray(texts)],
    );
    expect(rows.map(({ value }) => value)).toEqual(values);
    const none = await client.query('select value from unnest($1::json[]) as i (value)', [jsonArray([])]);
    expect(none.rows).toEqual([]);
  });
});
