import { CronflowError } from '../core/model/errors.ts';
import { BrokenPipeError, type Io } from './io.ts';

/** Thrown for a command line that cannot be understood. */
export class UsageError extends Error {}

/** The exit codes of a command that reports its own result. */
export const EXIT = { done: 0, failed: 1, usage: 2, different: 2, lints: 3 } as const;

/**
 * Runs a command. An error that a person can mend is printed on stderr; any other is a bug and is thrown.
 * @param usageCode the exit code for a command line that cannot be understood
 */
export async function runCommand(
  name: string,
  io: Io,
  run: () => Promise<number>,
  usageCode: number = EXIT.usage,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof BrokenPipeError) return EXIT.done;
    if (error instanceof UsageError) {
      io.stderr(`cronflow ${name}: ${error.message}\nTry: cronflow ${name} --help\n`);
      return usageCode;
    }
    if (!(error instanceof CronflowError)) throw error;
    io.stderr(`cronflow ${name}: ${error.message}\n`);
    return EXIT.failed;
  }
}

/** A command whose options are read first. */
interface Command<T> {
  name: string;
  help: string;
  /** The exit code for a command line that cannot be understood; 2 unless given. */
  usageCode?: number;
  /** Reads the options. Its errors are faults of the command line; null asks for the help. */
  read: () => T | null;
  run: (options: T) => Promise<number>;
}

/** Runs a command with its options, or prints its help. */
export function runWithOptions<T>(io: Io, { name, help, usageCode, read, run }: Command<T>): Promise<number> {
  const command = async (): Promise<number> => {
    const options = orUsage(read);
    if (options !== null) return run(options);
    io.stdout(help);
    return EXIT.done;
  };
  return runCommand(name, io, command, usageCode);
}

/** Runs `parse` and throws its errors as faults of the command line. */
export function orUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
