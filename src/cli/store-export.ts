import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CronflowError } from '../core/model/errors.ts';
import { openOffline } from '../store/open/open-offline.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { progressOf } from './progress.ts';
import { type ChosenStore, parseStoreArgs, storeOf } from './offline.ts';
import { counted } from '../core/text/counts.ts';

const HELP = `Usage: cronflow store export [FILE|-] [OPTIONS]

Writes everything in a store as lines of JSON: a header, one record a line ({"table", "record"}), a footer. It reads
as of now, also while Cronflow runs, and changes nothing. The log that "cronflow backtest" replays is left out. What
takes long says on standard error how far it is.

  FILE             where to, a file that does not exist yet (default: -, standard output)
  --data-dir DIR   where state is kept (CRONFLOW_DATA_DIR; default: ./data)
  CRONFLOW_STORE   postgres://... exports that database instead
  --json           print the result as JSON; the export itself is always JSON
  --help

It holds the output of jobs, and the configuration as it was written, with \${VARIABLES} in place of their values.
Exit codes: 0 done, 1 the store cannot be read or FILE not written, 2 wrong usage.
`;

/** Lines are collected up to this length and written together. */
const WRITE_LENGTH_MIN = 64 * 1024;

interface Options extends ChosenStore {
  /** The path; null for standard output. */
  file: string | null;
  json: boolean;
}

/** Runs `cronflow store export`: dumps a store. Returns the exit code, see its help. */
export function storeExport(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'store export',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async ({ storeUrl, storeName, reported, file, json }) => {
      const records =
        file === null
          ? await writeTo((text) => io.stdout(text), storeUrl, io)
          : await writeFile(file, storeUrl, io);
      if (file === null) io.stderr(`${counted(records, 'record')} of ${storeName} exported\n`);
      else if (json) io.stdout(`${JSON.stringify({ file, ...reported, records })}\n`);
      else io.stdout(`${counted(records, 'record')} of ${storeName} exported to ${file}\n`);
      return EXIT.done;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseStoreArgs(argv);
  if (values.help) return null;
  const [file = '-', extra] = positionals;
  if (extra !== undefined) throw new Error(`one FILE at most; "${extra}" is too many`);
  return {
    ...storeOf(io, values['data-dir']),
    file: file === '-' ? null : resolve(io.cwd, file),
    json: values.json,
  };
}

/** Writes the dump and returns the number of records. */
async function writeTo(
  write: (text: string) => void | Promise<void>,
  storeUrl: string,
  io: Io,
): Promise<number> {
  let records = 0;
  let text = '';
  const progress = progressOf(io, 'read');
  for await (const line of openOffline(storeUrl).dump(io.clock.now())) {
    if ('end' in line) ({ records } = line);
    else if ('table' in line) progress((records += 1));
    text += `${JSON.stringify(line)}\n`;
    if (text.length < WRITE_LENGTH_MIN) continue;
    await write(text);
    text = '';
  }
  await write(text);
  return records;
}

/**
 * Writes the dump to a new file. A dump that cannot be written whole is removed again, because half a dump is worse
 * than none.
 * @throws CronflowError `invalid`, also for a file that exists already
 */
async function writeFile(path: string, storeUrl: string, io: Io): Promise<number> {
  const failed = (error: unknown): CronflowError => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const what = code === 'EEXIST' ? 'is there already and stays as it is' : `cannot be written (${code})`;
    return new CronflowError('invalid', `${path} ${what}.`, { cause: error });
  };
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw failed(error);
  });
  try {
    const records = await writeTo((text) => file.writeFile(text), storeUrl, io);
    await file.sync();
    await file.close();
    return records;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error instanceof CronflowError ? error : failed(error);
  }
}
