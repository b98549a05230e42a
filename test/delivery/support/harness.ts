import { sleep } from '../../../src/clock.ts';
import { CronflowError } from '../../../src/core/model/errors.ts';
import type { Delivery, Incident, JobDelivery } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import { DeliveryWorker, type DeliveryWorkerOptions } from '../../../src/delivery/sending/worker.ts';
import { createLogger, type Logger } from '../../../src/observe/log.ts';
import { MessageCounts } from '../../../src/observe/message-counts.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import type { ClaimedLane, ClaimOptions, Scope, Store, Tx } from '../../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { aDelivery, aJob, anIncident, aSystemIncident } from './records.ts';

export const OK: SendResult = { result: 'ok' };
export const DOWN: SendResult = { result: 'retry', detail: 'it is down' };
export const REVOKED: SendResult = { result: 'permanent', detail: 'it was revoked' };

/** A notifier that does as it is told: the next answers in order, then `ok`. */
export class FakeNotifier implements Notifier {
  readonly type = 'fake';
  keepsState = false;
  onlyLogs?: true;
  mergedLengthMax: number | null = null;
  readonly name: string;
  concurrency: number;
  readonly sent: Message[] = [];
  /** Every attempt, with the fake clock's instant. */
  readonly attempts: { at: number; deliveryId: string }[] = [];
  /** `hang` ends with the signal, `deaf` never, `held` is `ok` once released; a function is called. */
  answers: (SendResult | 'hang' | 'deaf' | 'held' | (() => Promise<SendResult>))[] = [];
  always: SendResult = OK;
  /** Where it depends on the delivery. */
  answerOf: ((deliveryId: string) => SendResult) | null = null;
  readonly #clock: FakeClock;
  readonly #held: (() => void)[] = [];

  constructor(name: string, clock: FakeClock, concurrency = 1) {
    this.name = name;
    this.#clock = clock;
    this.concurrency = concurrency;
  }

  get titles(): string[] {
    return this.sent.map(({ title }) => title);
  }

  release(): void {
    for (const end of this.#held.splice(0)) end();
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    this.attempts.push({ at: this.#clock.now(), deliveryId: message.deliveryId });
    const usual = this.answerOf?.(message.deliveryId) ?? this.always;
    const result = await this.#answer(this.answers.shift() ?? usual, signal);
    if (result.result === 'ok') this.sent.push(message);
    return result;
  }

  #answer(answer: FakeNotifier['answers'][number], signal: AbortSignal): Promise<SendResult> {
    if (typeof answer === 'function') return answer();
    if (typeof answer === 'object') return Promise.resolve(answer);
    return new Promise((resolve) => {
      if (answer === 'held') this.#held.push(() => resolve(OK));
      if (answer === 'hang') signal.addEventListener('abort', () => resolve(DOWN), { once: true });
    });
  }

  async close(): Promise<void> {}
}

/** A store whose reads or commits can be made to fail. */
class FlakyStore extends MemoryStore {
  failsCommits = false;
  failsReads = false;
  failsNextIncident = false;
  /** How long a commit about deliveries takes, on the clock that is given. */
  slow: { clock: FakeClock; commitMs: number } | null = null;

  override async transact<T>(scope: Scope, fn: (tx: Tx) => T): Promise<T> {
    if (this.slow !== null && 'delivery_ids' in scope) await sleep(this.slow.clock, this.slow.commitMs);
    if (this.failsCommits) throw new CronflowError('store_unavailable', 'The disk is full.');
    return super.transact(scope, fn);
  }

  override async incident(id: string): Promise<Incident | undefined> {
    const fails = this.failsReads || this.failsNextIncident;
    this.failsNextIncident = false;
    if (fails) throw new CronflowError('store_unavailable', 'The database is gone.');
    return super.incident(id);
  }

  override async claimDeliveries(claim: ClaimOptions): Promise<ClaimedLane[]> {
    if (this.failsReads) throw new CronflowError('store_unavailable', 'The database is gone.');
    return super.claimDeliveries(claim);
  }
}

export interface Harness {
  clock: FakeClock;
  store: FlakyStore;
  notifiers: Map<string, FakeNotifier>;
  ops: FakeNotifier;
  worker: DeliveryWorker;
  logger: Logger;
  log: string[];
  /** What became of messages. */
  counts: MessageCounts;
  /** Another worker on the same store: another instance, or the next one after a crash. */
  another(
    notifiers?: ReadonlyMap<string, Notifier>,
    store?: Store,
    more?: Partial<Pick<DeliveryWorkerOptions, 'isKnown' | 'others' | 'owner'>>,
  ): DeliveryWorker;
  /** Commits deliveries, with the job and the incident each belongs to unless they are there; wakes nobody. */
  owe(...deliveries: Delivery[]): Promise<void>;
  putIncident(incident: Incident): Promise<void>;
  delivery(id: string): Promise<Delivery>;
}

/** A worker with one notifier, `ops`; not yet started. */
export function harness(random: () => number = () => 1): Harness {
  const clock = createFakeClock();
  const store = new FlakyStore({ twice: true });
  const log: string[] = [];
  const logger = createLogger(clock, 'debug', (line) => log.push(line));
  const ops = new FakeNotifier('ops', clock);
  const notifiers = new Map([['ops', ops]]);
  const counts = new MessageCounts();
  let workers = 0;
  const another: Harness['another'] = (given = notifiers, over = store, more = {}) =>
    new DeliveryWorker({
      store: over,
      owner: `instance-${(workers += 1)}`,
      ...more,
      clock,
      logger,
      random,
      notifiers: given,
      publicUrl: () => null,
      redact,
      onOutcome: (name, outcome) => counts.note(name, outcome),
    });
  return {
    clock,
    store,
    notifiers,
    ops,
    worker: another(),
    logger,
    log,
    counts,
    another,
    async owe(...deliveries) {
      await store.transact({ all: true }, (tx) => {
        for (const delivery of deliveries) {
          if (delivery.job_id !== null && tx.jobById(delivery.job_id) === undefined) {
            tx.putJob(aJob({ id: delivery.job_id, name: delivery.facts.job_name }));
          }
          if (tx.incident(delivery.incident_id) === undefined) tx.putIncident(incidentOf(delivery));
          tx.putDelivery(delivery);
        }
      });
    },
    async putIncident(incident) {
      await store.transact({ all: true }, (tx) => tx.putIncident(incident));
    },
    async delivery(id) {
      const { items } = await store.deliveries({ skip: 0, limit: 10_000 });
      const found = items.find((item) => item.id === id);
      if (found === undefined) throw new Error(`no delivery ${id}`);
      return found;
    },
  };
}

/** Returns the incident that a delivery may be about. */
function incidentOf({ incident_id: id, job_id: jobId, facts }: Delivery): Incident {
  if (jobId === null || facts.job_name === null) return aSystemIncident({ id });
  return anIncident({ id, job_id: jobId, job_name: facts.job_name });
}

/** An opening of a job of its own, to `notifier`. */
export function openingOf(clock: FakeClock, number: number, notifier = 'ops'): JobDelivery {
  const delivery = aDelivery({ notifier, incident_id: `j${number}-i1`, job_id: `j${number}` });
  const at = clock.now();
  const facts = { ...delivery.facts, job_name: `job-${number}` };
  return { ...delivery, created_at: at, next_attempt_at: at, facts };
}
