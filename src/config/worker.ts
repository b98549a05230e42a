/** Parses one large configuration off the main thread; started by `load.ts` from the built program only. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SourceFile } from './config.ts';
import { parseConfig } from './parse.ts';
import type { Env } from './substitute.ts';

const { file, env } = workerData as { file: SourceFile; env: Env };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
parentPort?.postMessage(parseConfig(file, env));
