import { applyConfiguration } from '../../../src/apply/configuration.ts';
import { applyEvent, EVENT_META } from '../../../src/apply/events.ts';
import type { Clock } from '../../../src/clock.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import { CronflowError } from '../../../src/core/model/errors.ts';
import type { PlannedJob } from '../../../src/core/plan/planned-job.ts';
import type { JobIngest } from '../../../src/ingest/job-ingest.ts';
import type { Store, Tx } from '../../../src/store/store.ts';
import type { Happening, Script, ScriptedPing } from '../script.ts';
import { pausedBy } from './core-player.ts';
import { parsedPing } from './ping.ts';

/** What people, hosts and files do to Cronflow. */
export type Doing = Exclude<Happening, { type: 'away' }>;

/** Does to the real parts what a script says, and keeps the file that people edit. */
export class Doings {
  readonly #script: Script;
  readonly #clock: Clock;
  readonly #declared: Map<string, Declaration>;
  #revision = 0;

  constructor(script: Script, clock: Clock) {
    this.#script = script;
    this.#clock = clock;
    this.#declared = new Map(Object.entries(script.jobs));
  }

  /** Lets something happen now, to a Cronflow with these parts. */
  async happen(happening: Doing, { store, ingest }: { store: Store; ingest: JobIngest }): Promise<void> {
    const { at, job } = happening;
    switch (happening.type) {
      case 'ping':
        return ping(ingest, job, happening.ping, this.#clock.now());
      case 'edit':
        if (happening.declaration === null) this.#declared.delete(job);
        else this.#declared.set(job, happening.declaration);
        return this.configure(store);
      case 'pause':
        return changeJob(store, job, pausedBy(happening));
      case 'resume':
        return changeJob(store, job, { type: 'resumed', at });
      case 'acknowledge':
        return changeJob(store, job, { type: 'acknowledged', at, until_at: happening.until_at });
    }
  }

  /** Applies the file as it is now, as a start does. */
  async configure(store: Store): Promise<void> {
    this.#revision += 1;
    const { notifiers, replay_window_ms: replayWindowMs } = this.#script;
    const revision = String(this.#revision);
    const jobs = [...this.#declared].map(([name, declared], index): PlannedJob => ({
      name,
      place: { file: 'cronflow.yaml', line: index + 1 },
      declared,
      declaration: declared,
    }));
    await applyConfiguration(
      store,
      {
        revision,
        files: [{ path: 'cronflow.yaml', text: revision }],
        defaults: {},
        globals: { notifiers: [...notifiers], replayWindowMs },
        jobs,
      },
      this.#clock.now(),
    );
  }
}

/** Sends a ping as a client does. A ping for a job that is not declared is refused. */
async function ping(ingest: JobIngest, job: string, sent: ScriptedPing, receivedAt: number): Promise<void> {
  await ingest.ping(job, parsedPing(sent, receivedAt)).catch((error: unknown) => {
    if (!(error instanceof CronflowError) || error.code !== 'unknown_job') throw error;
  });
}

function changeJob(store: Store, name: string, event: Parameters<typeof applyEvent>[2]): Promise<void> {
  return store.transact({ names: [name], meta: EVENT_META }, (tx: Tx) => {
    const job = tx.jobByName(name);
    if (job !== undefined && job.removed_at === null) applyEvent(tx, job, event);
  });
}
