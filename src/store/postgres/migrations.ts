import { CronflowError } from '../../core/model/errors.ts';
import type { Database, Session } from './database.ts';
import { ADD_VERSION_TABLE } from './sql/add-version-table.ts';
import { LOCK_SCHEMA } from './sql/lock-schema.ts';
import { PUT_VERSION } from './sql/put-version.ts';
import { READ_ENCODING } from './sql/read-encoding.ts';
import { READ_VERSION } from './sql/read-version.ts';
import { SCHEMA_1 } from './sql/schema-1.ts';
import { step } from './statement.ts';

/** The statements that bring the schema from each version to the next, the first one from nothing. */
const MIGRATIONS: readonly string[] = [SCHEMA_1];

/** The version of the schema that this version of Cronflow uses. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Indexes of large tables may have to be built. */
const MIGRATION_MS_MAX = 600_000;

/**
 * Brings the schema to the present version. Instances that start at the same time wait for each other.
 * @returns the version that there was; 0 for none
 * @throws CronflowError `store_damaged` where the schema is newer; `store_unusable` where the database cannot keep every
 * text
 */
export function migrate(database: Database): Promise<number> {
  return database.write(MIGRATION_MS_MAX, async (session) => {
    const [answer] = await session.begin([step(READ_ENCODING)], 'write', MIGRATION_MS_MAX);
    expectUtf8(answer![0]!['encoding'] as string);
    const from = await readVersion(session);
    if (from === SCHEMA_VERSION) {
      await session.rollback();
      return from;
    }
    for (const text of MIGRATIONS.slice(from)) await session.script(text);
    await session.commit([step(PUT_VERSION, SCHEMA_VERSION)]);
    return from;
  });
}

/** Refuses a database that cannot keep every text, because each commit with one that it cannot keep would fail. */
function expectUtf8(encoding: string): void {
  if (encoding === 'UTF8') return;
  throw new CronflowError(
    'store_unusable',
    `The database keeps texts as ${encoding}, which lacks most characters, and Cronflow needs one that keeps them as UTF8. ` +
      "Create another one: CREATE DATABASE cronflow ENCODING 'UTF8' TEMPLATE template0 (with LOCALE 'C' where the " +
      'locale of the server is of another encoding), and name it in CRONFLOW_STORE.',
  );
}

async function readVersion(session: Session): Promise<number> {
  await session.run([step(LOCK_SCHEMA)]);
  const [, found] = await session.run([step(ADD_VERSION_TABLE), step(READ_VERSION)]);
  const version = (found![0]?.['version'] as number | undefined) ?? 0;
  if (version <= SCHEMA_VERSION) return version;
  throw new CronflowError(
    'store_damaged',
    `The database has the schema version ${version}, and this version of Cronflow knows up to ${SCHEMA_VERSION}. Run the newer version of Cronflow that has used it.`,
  );
}
