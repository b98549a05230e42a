import { openOffline } from '../store/open/open-offline.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { type ChosenStore, parseStoreArgs, storeOf } from './offline.ts';
import { counted } from '../core/text/counts.ts';

const HELP = `Usage: cronflow store migrate [OPTIONS]

Brings a store to the schema version of this Cronflow, and says what it did. Cronflow does so by itself when it
starts; this is for trying it on a copy, or doing it at a time of one's choice. Cronflow must not run on a data
directory meanwhile, and there is no way back from it but a backup: an older Cronflow refuses a newer version. On a
database instances of the version before go on, unless the notes of this version say otherwise.

  --data-dir DIR   where state is kept (CRONFLOW_DATA_DIR; default: ./data)
  CRONFLOW_STORE   postgres://... migrates that database instead
  --json           print {"data_dir" or "database", "from", "to", "records", "snapshot"}
  --help

Exit codes: 0 done, also where there was nothing to do, 1 the store is at fault or in use, 2 wrong usage.
`;

interface Options extends ChosenStore {
  json: boolean;
}

/** Runs `cronflow store migrate`: migrates a store forward. Returns the exit code, see its help. */
export function storeMigrate(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'store migrate',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ storeUrl, storeName, reported, json }) => {
      const done = await openOffline(storeUrl).upgrade(io.clock.now());
      const { from, to, records, snapshot } = done;
      if (json) io.stdout(`${JSON.stringify({ ...reported, ...done })}\n`);
      else if (from === to) io.stdout(`${storeName} has schema_version ${to}: nothing to do\n`);
      else {
        const where = snapshot === null ? '' : `, written to ${snapshot}`;
        io.stdout(`${storeName}: schema_version ${from} -> ${to}, ${counted(records, 'record')}${where}\n`);
      }
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseStoreArgs(argv);
  if (values.help) return null;
  if (positionals.length > 0) {
    throw new Error(
      `it takes no "${positionals[0]}": it migrates a store forward. To move to another one, use "cronflow store ` +
        'export" and "cronflow store import"',
    );
  }
  return { ...storeOf(io, values['data-dir']), json: values.json };
}
