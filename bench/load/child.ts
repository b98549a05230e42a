import type { ChildProcess } from 'node:child_process';

/**
 * Waits for the next message of a child.
 * @param what names the child in the error
 * @throws where the child ends first. To wait on for what can never come would end the benchmark without a word.
 */
export function messageFrom<T>(child: ChildProcess, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      child.off('message', answered);
      reject(new Error(`${what} ended: ${child.signalCode ?? `code ${child.exitCode}`}`));
    };
    const answered = (message: unknown): void => {
      child.off('exit', ended);
      resolve(message as T);
    };
    if (child.exitCode !== null || child.signalCode !== null) return ended();
    child.once('message', answered);
    child.once('exit', ended);
  });
}
