/** Parses a large configuration off the main thread; started by `load.ts` from the built program only. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SourceFile } from './config.ts';
import { parseSources } from './parse-sources.ts';
import type { Env } from './substitute.ts';

const { file, env, stored } = workerData as { file: SourceFile; env: Env; stored?: readonly SourceFile[] };
const parsed = await parseSources(file, env, stored, Infinity);
if (parsed?.result.ok === true) parsed.result = { ...parsed.result, texts: [] };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
parentPort?.postMessage(parsed);
