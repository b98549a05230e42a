import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
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
  async playAnyway(plan: LoadPlan): Promise<LoadResult> {
    const answered = once(this.#child, 'message') as Promise<[LoadResult]>;
    this.#child.send(plan);
    const [result] = await answered;
    return result;
  }

  stop(): void {
    this.#child.kill();
  }
}
