import type { Io } from '../../../src/cli/io.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command in a directory, at an instant; its stdin is empty unless given. */
export async function runIn(
  cwd: string,
  nowAt: number,
  command: (io: Io) => Promise<number>,
  { env = {}, stdin = [] }: { env?: Record<string, string>; stdin?: readonly string[] } = {},
): Promise<Result> {
  const written = { stdout: '', stderr: '' };
  const io: Io = {
    stdin: (async function* () {
      yield* stdin;
    })(),
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    env,
    cwd,
    clock: createFakeClock(nowAt),
  };
  return { code: await command(io), ...written };
}
