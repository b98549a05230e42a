import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { CronflowError } from '../core/model/errors.ts';
import { openOffline } from '../store/open/open-offline.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { linesOf, TOO_LONG } from './lines.ts';
import { progressOf } from './progress.ts';
import { type ChosenStore, parseStoreArgs, storeOf } from './offline.ts';
import { counted } from '../core/text/counts.ts';

const HELP = `Usage: cronflow store import FILE|- [OPTIONS]

Makes a store of what "cronflow store export" wrote, whatever store that came from. The store must hold no data: two
are never mixed. Messages that were owed when the export was made are owed in the new store too. All of it is
imported or nothing, so an import that was cut short is simply begun again. What takes long says on standard error
how far it is.

  FILE             the dump; - for standard input
  --data-dir DIR   where state is to be kept (CRONFLOW_DATA_DIR; default: ./data)
  CRONFLOW_STORE   postgres://... imports into that database instead; no Cronflow may have run on it yet
  --json           print {"data_dir" or "database", "exported_at", "records", "jobs"}
  --help

Exit codes: 0 done, 1 the dump or the store is at fault, and nothing was imported, 2 wrong usage.
`;

/** The limit is far above the longest record there is, a configuration with all its files. */
const LINE_LENGTH_MAX = 256 * 1024 * 1024;

interface Options extends ChosenStore {
  /** The path, or `-` for standard input. */
  file: string;
  json: boolean;
}

/** Runs `cronflow store import`: makes a data directory from a dump. Returns the exit code, see its help. */
export function storeImport(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'store import',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ storeUrl, storeName, reported, file, json }) => {
      const name = file === '-' ? 'stdin' : file;
      // The file is opened when it is read, because nobody would hear of an error before that.
      const input = (): AsyncIterable<string | Buffer> =>
        file === '-' ? io.stdin : createReadStream(resolve(io.cwd, file));
      const nowAt = io.clock.now();
      const lines = counting(dumpLines(input, name), progressOf(io, 'taken'));
      const { created_at, records, jobs } = await openOffline(storeUrl).restore({ lines, name, nowAt });
      const report = { ...reported, exported_at: created_at, records, jobs };
      io.stdout(
        json
          ? `${JSON.stringify(report)}\n`
          : `${counted(records, 'record')} (${counted(jobs, 'job')}), exported at ${created_at}, imported into ${storeName}\n`,
      );
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseStoreArgs(argv);
  if (values.help) return null;
  const [file, extra] = positionals;
  if (file === undefined) throw new Error('it needs a FILE, or - for standard input');
  if (extra !== undefined) throw new Error(`one FILE; "${extra}" is too many`);
  return { ...storeOf(io, values['data-dir']), file, json: values.json };
}

/** Tells of the records in lines of a dump, all but the first. */
async function* counting(
  lines: AsyncIterable<string>,
  progress: (records: number) => void,
): AsyncGenerator<string> {
  let count = -1;
  for await (const line of lines) {
    count += 1;
    progress(count);
    yield line;
  }
}

/**
 * Returns the lines of a dump.
 * @throws CronflowError `invalid` for a file that cannot be read, and for a line that no dump has
 */
async function* dumpLines(input: () => AsyncIterable<string | Buffer>, name: string): AsyncGenerator<string> {
  try {
    for await (const lines of linesOf(input(), LINE_LENGTH_MAX)) {
      for (const line of lines) {
        if (line === TOO_LONG)
          throw new CronflowError(
            'invalid',
            `${name} is no dump: a line is too long. Name a file that "cronflow store export" wrote.`,
          );
        yield line;
      }
    }
  } catch (error) {
    if (error instanceof CronflowError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CronflowError('invalid', `${name} cannot be read (${code}).`, { cause: error });
  }
}
