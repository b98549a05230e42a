import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** The world of a command: all that it may read and write. A test hands in its own. */
export interface Io {
  stdin: AsyncIterable<string | Buffer>;
  /** Throws a `BrokenPipeError` when nobody reads any more. */
  stdout(text: string): void;
  stderr(text: string): void;
  env: Readonly<Record<string, string | undefined>>;
  /** The directory that relative paths are relative to. */
  cwd: string;
  clock: Clock;
  /** The terminal that stdout is; absent where it is none. */
  terminal?: { readonly columns: number; readonly rows?: number } | undefined;
}

/**
 * Thrown when the reader of the output has gone, as in `cronflow next ... | head -1`. That is no fault, but time to
 * stop.
 */
export class BrokenPipeError extends Error {
  override readonly name = 'BrokenPipeError';
}

/**
 * Returns a function that writes to a stream of the process. Without this, a reader that goes away ends the process
 * with a stack trace; with it, the next write throws a `BrokenPipeError`. Other errors of the stream are thrown as
 * they are.
 */
export function writerTo(stream: Writable): (text: string) => void {
  let failure: Error | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failure =
      error.code === 'EPIPE' ? new BrokenPipeError('Nobody reads the output', { cause: error }) : error;
  });
  return (text) => {
    if (failure !== undefined) throw failure;
    stream.write(text);
  };
}
