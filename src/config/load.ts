import { Worker } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { CronflowError, type Fault } from '../core/model/errors.ts';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import type { Config, SourceFile } from './config.ts';
import type { ConfigText } from './config-file.ts';
import { formatFaults } from './format.ts';
import { hideInFault } from './secrets/hide.ts';
import { type ParsedSources, parseSources } from './parse-sources.ts';
import { internalFault, readConfigFile, sha256 } from './read.ts';
import type { Env } from './substitute.ts';
import type { FromWorker } from './worker.ts';
import { MINUTE_MS } from '../schedule/units.ts';

/** Longer texts (some 500 jobs) are parsed in a thread of their own, because parsing them takes more than 50 ms. */
const INLINE_LENGTH_MAX = 64 * 1024;
const WORKER_MS_MAX = MINUTE_MS;
const WORKER_MEMORY_MB_MAX = 1_024;

const MISSING =
  'does not exist; put it there, write a first one with cronflow init, or name another with --config or CRONFLOW_CONFIG';

/** A configuration, or all that is wrong with it. */
export type LoadResult = (
  | {
      ok: true;
      config: Config;
      /** The files as they were parsed; the list is empty where another thread parsed them. */
      texts: readonly ConfigText<unknown>[];
    }
  | {
      ok: false;
      faults: readonly Fault[];
      /** The files that could be read, for `formatFaults`. */
      files: readonly SourceFile[];
    }
) & {
  /** A text that differs whenever the content that was read differs, that of included files too. */
  fingerprint: string;
  /** The items of `include`; the list is empty where the file says too little to know them. */
  includes: readonly string[];
  /** The files that hold secrets; the list is empty where the file says too little to know them. */
  secrets: readonly string[];
};

export interface LoadOptions {
  /** Parses a long file in this thread, too. This is for a caller that has nothing else to do and needs the texts. */
  isInline?: boolean;
}

/**
 * Reads and validates a configuration with the files it includes.
 * @param path also the name used in faults and places
 * @param env where `${VAR}` is looked up
 * @returns faults where it cannot be read or is not valid; never throws for what a file holds
 */
export async function loadConfig(path: string, env: Env, options: LoadOptions = {}): Promise<LoadResult> {
  const read = await readConfigFile(path);
  const { fingerprint } = read;
  if ('fault' in read) {
    const fault = read.fault.code === 'file_missing' ? { ...read.fault, message: MISSING } : read.fault;
    return { ok: false, faults: [fault], files: [], fingerprint, includes: [], secrets: [] };
  }
  return parsedOr(read.file, env, fingerprint, options);
}

/** Validates texts that were read earlier, such as those stored with the last good revision. */
export async function loadStored(files: readonly SourceFile[], env: Env): Promise<LoadResult> {
  const [main, ...included] = files;
  if (main !== undefined) return parsedOr(main, env, sha256(main.text), { stored: included });
  const fault: Fault = { code: 'file_missing', path: '', message: 'no configuration is stored' };
  return { ok: false, faults: [fault], files: [], fingerprint: fault.code, includes: [], secrets: [] };
}

/**
 * Returns the error that ends a start without a valid configuration; it holds all faults in the form that people
 * read.
 * @param redact the patterns of the last good configuration, if there is one
 */
export function invalidConfigError(
  { faults, files }: Extract<LoadResult, { ok: false }>,
  redact: readonly string[] = [],
): CronflowError {
  const detail = formatFaults(faults, files, { faultsMax: Infinity, redact });
  const shown = faults.map((fault) => hideInFault(fault, redact));
  return new CronflowError('config_invalid', detail, { faults: shown });
}

/**
 * Parses a configuration, and reports an exception of the parser as a fault of the file, because nobody would hear of
 * it otherwise.
 */
async function parsedOr(
  file: SourceFile,
  env: Env,
  fingerprint: string,
  options: ParseOptions,
): Promise<LoadResult> {
  try {
    return resultOf(await parse(file, env, options));
  } catch (error) {
    const faults = [internalFault(file.path, error)];
    return { ok: false, faults, files: [file], fingerprint, includes: [], secrets: [] };
  }
}

function resultOf({ result, files, fingerprint, includes, secrets }: ParsedSources): LoadResult {
  return result.ok
    ? { ...result, fingerprint, includes, secrets }
    : { ok: false, faults: result.faults, files, fingerprint, includes, secrets };
}

type ParseOptions = LoadOptions & { stored?: readonly SourceFile[] };

async function parse(file: SourceFile, env: Env, options: ParseOptions): Promise<ParsedSources> {
  const { stored, isInline = false } = options;
  // Run from the sources, everything is parsed inline, because Node cannot run TypeScript in a worker.
  const lengthMax = import.meta.url.endsWith('.js') && !isInline ? INLINE_LENGTH_MAX : Infinity;
  return (await parseSources(file, env, stored, lengthMax)) ?? parseInWorker(file, env, stored);
}

/** Parses without holding up the process. Input made to exhaust memory or time ends as a fault. */
async function parseInWorker(
  file: SourceFile,
  env: Env,
  stored?: readonly SourceFile[],
): Promise<ParsedSources> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { file, env: { ...env }, stored },
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB_MAX },
  });
  const refused = (message: string): ParsedSources => ({
    result: { ok: false, faults: [{ code: 'yaml_limit', path: '', message, file: file.path }] },
    files: [file],
    includes: [],
    secrets: [],
    fingerprint: sha256(file.text),
  });
  let cancel: (() => void) | undefined;
  const parsed = await new Promise<ParsedSources>((resolve, reject) => {
    cancel = systemClock.after(WORKER_MS_MAX, () => resolve(refused('takes too long to be read')));
    takeOver(worker, resolve);
    worker.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(refused('takes too much memory')) : reject(error),
    );
    worker.once('exit', () => resolve(refused('could not be read')));
  });
  cancel?.();
  await worker.terminate();
  return parsed;
}

/**
 * Takes over what a worker parsed. The jobs come some at a time and only when they are asked for, because to take over
 * 10,000 at once would hold up pings.
 */
function takeOver(worker: Worker, done: (parsed: ParsedSources) => void): void {
  const jobs: PlannedJob[] = [];
  let head: Extract<FromWorker, { parsed: unknown }> | undefined;
  worker.on('message', (message: FromWorker) => {
    if ('parsed' in message) head = message;
    else jobs.push(...message.jobs);
    if (head === undefined) return;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    if (jobs.length < head.jobCount) return worker.postMessage('more');
    const { parsed } = head;
    const { result } = parsed;
    done(result.ok ? { ...parsed, result: { ...result, config: { ...result.config, jobs } } } : parsed);
  });
}
