import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { CronflowError, type Fault } from '../core/errors.ts';
import type { Config, SourceFile } from './config.ts';
import { formatFaults } from './format.ts';
import { parseConfig, type ParseResult } from './parse.ts';
import type { Env } from './substitute.ts';

/** Larger files are refused: some 50,000 jobs fit. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** Longer texts (some 500 jobs) are parsed in a thread of their own: they take more than 50 ms. */
const INLINE_LENGTH_MAX = 64 * 1024;
const WORKER_MS_MAX = 60_000;
const WORKER_MEMORY_MB_MAX = 1_024;

/** A configuration, or everything that is wrong with it. */
export type LoadResult =
  | { ok: true; config: Config; fingerprint: string }
  | {
      ok: false;
      faults: readonly Fault[];
      /** What could be read, for `formatFaults`. */
      files: readonly SourceFile[];
      fingerprint: string;
    };

/** What a path holds at a moment, or why it cannot be read. */
export type ReadResult = { fingerprint: string; file: SourceFile } | { fingerprint: string; fault: Fault };

/**
 * Reads and validates a configuration.
 * @param path also the name used in faults and places
 * @param env where `${VAR}` is looked up
 * @returns faults where it cannot be read or is not valid; never throws for what a file holds
 */
export async function loadConfig(path: string, env: Env): Promise<LoadResult> {
  const read = await readConfigFile(path);
  if ('fault' in read) return { ok: false, faults: [read.fault], files: [], fingerprint: read.fingerprint };
  return { ...(await loadText(read.file, env)), fingerprint: read.fingerprint };
}

/** Validates texts that were read earlier, such as those stored with the last good revision. */
export async function loadStored(files: readonly SourceFile[], env: Env): Promise<LoadResult> {
  const [file] = files;
  if (file === undefined) {
    const fault = { code: 'file_missing', path: '', message: 'no configuration is stored' };
    return { ok: false, faults: [fault], files: [], fingerprint: fault.code };
  }
  return { ...(await loadText(file, env)), fingerprint: sha256(Buffer.from(file.text, 'utf8')) };
}

/** The error of a start that has no valid configuration: all faults, as people read them. */
export function invalidConfigError(result: Extract<LoadResult, { ok: false }>): CronflowError {
  const detail = formatFaults(result.faults, result.files);
  return new CronflowError('config_invalid', detail, { faults: result.faults });
}

/**
 * Reads a path, and says what is wrong when it is no text of a bearable size. The fingerprint is the SHA-256 of
 * what was read, or else tells the reasons apart; equal fingerprints mean that nothing changed.
 */
export async function readConfigFile(path: string): Promise<ReadResult> {
  const refuse = (code: string, message: string, fingerprint = `${code}: ${message}`): ReadResult => ({
    fingerprint,
    fault: { code, path: '', message, file: path },
  });
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return refuse('file_unreadable', 'is a directory; a file is wanted');
    // Reading a pipe or a device may never end.
    if (!stats.isFile()) return refuse('file_unreadable', 'is not a regular file');
    if (stats.size > FILE_BYTES_MAX) {
      const message = `has ${stats.size} bytes; at most ${FILE_BYTES_MAX} are allowed`;
      return refuse('file_too_large', message, `${message} ${stats.mtimeMs}`);
    }
    const bytes = await readFile(path);
    const fingerprint = sha256(bytes);
    const text = decode(bytes);
    if (text === null) return refuse('file_not_utf8', 'is not encoded in UTF-8', fingerprint);
    if (text.trim() === '')
      return refuse('file_empty', 'is empty; write "jobs: {}" for no jobs', fingerprint);
    return { fingerprint, file: { path, text } };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return refuse('file_missing', 'does not exist');
    return refuse(
      'file_unreadable',
      code === 'EACCES' ? 'may not be read (EACCES)' : `cannot be read (${code})`,
    );
  }
}

async function loadText(file: SourceFile, env: Env): Promise<ParseResult & { files: SourceFile[] }> {
  // From the sources, which Node cannot run in a worker, everything is parsed inline.
  const isLarge = file.text.length > INLINE_LENGTH_MAX && import.meta.url.endsWith('.js');
  const result = isLarge ? await parseInWorker(file, env) : parseConfig(file, env);
  return { ...result, files: [file] };
}

/** Parses without holding up the process; input made to exhaust memory or time ends as a fault. */
async function parseInWorker(file: SourceFile, env: Env): Promise<ParseResult> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { file, env: { ...env } },
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB_MAX },
  });
  const refused = (message: string): ParseResult => ({
    ok: false,
    faults: [{ code: 'yaml_limit', path: '', message, file: file.path }],
  });
  let cancel: (() => void) | undefined;
  const result = await new Promise<ParseResult>((resolve, reject) => {
    cancel = systemClock.after(WORKER_MS_MAX, () => resolve(refused('takes too long to be read')));
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(refused('takes too much memory')) : reject(error),
    );
    worker.once('exit', () => resolve(refused('could not be read')));
  });
  cancel?.();
  await worker.terminate();
  return result;
}

function decode(bytes: Uint8Array): string | null {
  try {
    // A byte order mark is kept, so that the text still has the file's SHA-256.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
