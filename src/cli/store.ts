import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { storeExport } from './store-export.ts';
import { storeImport } from './store-import.ts';
import { storeMigrate } from './store-migrate.ts';

const HELP = `Usage: cronflow store COMMAND [OPTIONS]

Looks after a store: the data directory, or the database that CRONFLOW_STORE names.

  export   print everything in it as lines of JSON, also while Cronflow runs
  import   make a store of what export printed, of either kind
  migrate  bring a store to the schema version of this Cronflow

cronflow store COMMAND --help says more.
Exit codes: 0 done, 1 the store or the dump is at fault, 2 wrong usage.
`;

/** Runs `cronflow store`: hands on to one of its commands and returns the exit code of that. */
export async function store(argv: readonly string[], io: Io): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'export':
      return storeExport(rest, io);
    case 'import':
      return storeImport(rest, io);
    case 'migrate':
      return storeMigrate(rest, io);
    default:
      return runWithOptions(io, {
        name: 'store',
        help: HELP,
        read: () => {
          if (command === '--help' || command === '-h') return null;
          const given = command === undefined ? 'it needs a COMMAND' : `unknown command "${command}"`;
          throw new Error(`${given}: export, import or migrate`);
        },
        run: async () => EXIT.done,
      });
  }
}
