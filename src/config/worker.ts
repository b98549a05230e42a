/** Parses a large configuration off the main thread; started by `load.ts` from the built program only. */
import { parentPort, workerData } from 'node:worker_threads';
import type { PlannedJob } from '../core/plan/planned-job.ts';
import type { SourceFile } from './config.ts';
import { type ParsedSources, parseSources } from './parse-sources.ts';
import type { Env } from './substitute.ts';

/** What the worker sends: first what was parsed without its jobs, then some jobs for each answer that it gets. */
export type FromWorker = { parsed: ParsedSources; jobCount: number } | { jobs: readonly PlannedJob[] };

/** To take over so many jobs holds the main thread up for about a millisecond. */
const JOBS_AT_ONCE = 250;

const { file, env, stored } = workerData as { file: SourceFile; env: Env; stored?: readonly SourceFile[] };
const parsed = (await parseSources(file, env, stored, Infinity))!;
let jobs: readonly PlannedJob[] = [];
if (parsed.result.ok) {
  const { config } = parsed.result;
  jobs = config.jobs;
  parsed.result = { ok: true, config: { ...config, jobs: [] }, texts: [] };
}
send({ parsed, jobCount: jobs.length });
let sent = 0;
parentPort?.on('message', () => {
  send({ jobs: jobs.slice(sent, sent + JOBS_AT_ONCE) });
  sent += JOBS_AT_ONCE;
});

function send(message: FromWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
  parentPort?.postMessage(message);
}
