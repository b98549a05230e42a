import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageFrom } from './child.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

const CLIENT = fileURLToPath(new URL('./client.js', import.meta.url));

/** The process that sends requests. */
export class Loader {
  readonly #child: ChildProcess = fork(CLIENT);

  /** Plays a plan. @throws if a request failed, because then the figures say nothing */
  async play(plan: LoadPlan): Promise<LoadResult> {
    const result = await this.playAnyway(plan);
    if (result.failures > 0) throw new Error(`${result.failures} of ${result.requests} requests failed`);
    return result;
  }

  /** Plays a plan, and lets requests fail. */
  playAnyway(plan: LoadPlan): Promise<LoadResult> {
    const answered = messageFrom<LoadResult>(this.#child, 'the process that sends requests');
    this.#child.send(plan);
    return answered;
  }

  stop(): void {
    this.#child.kill();
  }
}
