import { openOffline } from '../store/open/open-offline.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { type ChosenStore, parseStoreArgs, storeOf } from './offline.ts';
import { counted } from '../core/text/counts.ts';

const HELP = `Usage: cronflow store migrate [OPTIONS]

Brings a data directory to the schema version of this Cronflow, and says what it did. Cronflow reads older versions
by itself when it starts; this is for trying it on a copy, or doing it at a time of one's choice. There is no way back
but a backup: an older Cronflow refuses a newer version. Cronflow must not run meanwhile.

  --data-dir DIR   where state is kept (CRONFLOW_DATA_DIR; default: ./data)
  --json           print {"data_dir", "from", "to", "records", "snapshot"}
  --help

Exit codes: 0 done, also where there was nothing to do, 1 the data directory is at fault or in use, 2 wrong usage.
`;

interface Options extends ChosenStore {
  json: boolean;
}

/** Runs `cronflow store migrate`: migrates a data directory forward. Returns the exit code, see its help. */
export function storeMigrate(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'store migrate',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ storeUrl, dataDir, json }) => {
      const done = await openOffline(storeUrl).upgrade(io.clock.now());
      const { from, to, records, snapshot } = done;
      if (json) io.stdout(`${JSON.stringify({ data_dir: dataDir, ...done })}\n`);
      else if (from === to) io.stdout(`${dataDir} has schema_version ${to}: nothing to do\n`);
      else {
        const where = snapshot === null ? '' : `, written to ${snapshot}`;
        io.stdout(`${dataDir}: schema_version ${from} -> ${to}, ${counted(records, 'record')}${where}\n`);
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
      `it takes no "${positionals[0]}": it migrates what CRONFLOW_STORE or --data-dir names to the schema version of this Cronflow`,
    );
  }
  return { ...storeOf(io, values['data-dir']), json: values.json };
}
