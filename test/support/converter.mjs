// Writes the records of a database anew, as after an upgrade to a version to come, in which each has a mark. It is made
// to be killed. The URL of the database is its argument.
import { convertAll } from '../../dist/store/postgres/converting.js';
import { Database } from '../../dist/store/postgres/database.js';
import { RecordsInRows } from '../../dist/store/postgres/records.js';
import { formatOf, MIGRATIONS } from '../../dist/store/local/migrations.js';

const marked = (_table, record) => ({ ...record, mark: 1 });
process.stdin.on('end', () => process.exit()).resume();
await convertAll(
  new Database({
    url: process.argv[2],
    onClock: () => {},
    records: new RecordsInRows(formatOf([...MIGRATIONS, marked])),
  }),
);
