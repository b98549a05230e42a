import { setTimeout as sleep } from 'node:timers/promises';

/** A client gives up on an answer after this time, as `curl -m 10` does. */
const ANSWER_MS_MAX = 10_000;

/** A ping that was answered by 2xx, so it has to be there. */
export interface Answered {
  job: string;
  kind: string;
  rid: string;
}

/** Clients of the load balancer, who remember what they were promised. */
export class Traffic {
  readonly answered: Answered[] = [];
  /** How many pings got no answer or another one, by what they got. */
  readonly refused = new Map<string, number>();
  readonly #url: string;
  #isOver = false;
  #count = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends one ping. Returns true if it was taken. */
  async ping(job: string, kind: string, rid: string): Promise<boolean> {
    let got: string;
    try {
      const address = `${this.#url}/jobs/${job}/${kind}?rid=${rid}`;
      const answer = await fetch(address, { method: 'POST', signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      await answer.arrayBuffer();
      if (answer.ok) {
        this.answered.push({ job, kind, rid });
        return true;
      }
      got = String(answer.status);
    } catch (error) {
      got = (error as Error).name;
    }
    this.refused.set(got, (this.refused.get(got) ?? 0) + 1);
    return false;
  }

  /** Sends a ping until it is taken, as the wrapper does. */
  async insist(job: string, kind: string, rid: string): Promise<void> {
    while (!(await this.ping(job, kind, rid))) await sleep(100);
  }

  /** A client that runs one random job after the other, until `end` is called. */
  async stream(jobs: readonly string[], random: () => number): Promise<void> {
    while (!this.#isOver) {
      const job = jobs[Math.floor(random() * jobs.length)]!;
      const rid = this.rid();
      await this.ping(job, 'start', rid);
      await sleep(random() * 40);
      await this.ping(job, 'success', rid);
    }
  }

  /** All jobs start at the same moment, as they do at the full minute, and end. */
  async spike(jobs: readonly string[], each: number): Promise<void> {
    const runs = Array.from({ length: each }, () => jobs.map((job) => ({ job, rid: this.rid() }))).flat();
    await Promise.all(runs.map(({ job, rid }) => this.ping(job, 'start', rid)));
    await Promise.all(runs.map(({ job, rid }) => this.ping(job, 'success', rid)));
  }

  end(): void {
    this.#isOver = true;
  }

  /** A new run id. */
  rid(): string {
    this.#count += 1;
    return `r${this.#count}`;
  }

  /** Reads a resource until somebody answers. */
  async read<T>(path: string): Promise<T> {
    for (;;) {
      try {
        const answer = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
        if (answer.ok) return (await answer.json()) as T;
        await answer.arrayBuffer();
      } catch {
        // The instance that was asked has just gone.
      }
      await sleep(50);
    }
  }

  /** Reads all pages of a list. */
  async readAll<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    for (;;) {
      const page = await this.read<T[]>(
        `${path}${path.includes('?') ? '&' : '?'}limit=1000&skip=${all.length}`,
      );
      all.push(...page);
      if (page.length < 1_000) return all;
    }
  }
}
