import type { Clock } from '../clock.ts';
import type { PingKind } from '../core/reasons.ts';
import type { LogFields, Logger } from '../observe/log.ts';

const NAMES_MAX = 1_000;
const SAID_EVERY_MS = 3_600_000;

/**
 * Says in the log that pings come for jobs nobody declared, or that have another name now: once an hour for each
 * name, since a forgotten crontab line pings every minute.
 */
export class UnknownPings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By name, in the order in which they were first seen. */
  readonly #names = new Map<string, { count: number; saidAt: number }>();

  constructor(options: { clock: Clock; logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  note(name: string, kind: PingKind): void {
    this.#note('a ping came for a job nobody declared', name, { kind });
  }

  /** @param job what the job is called now */
  noteFormer(name: string, job: string, kind: PingKind): void {
    this.#note('a ping came under a former name; it counts for 30 days after the rename', name, {
      kind,
      job,
    });
  }

  #note(message: string, name: string, fields: LogFields): void {
    const now = this.#clock.now();
    const known = this.#names.get(name) ?? { count: 0, saidAt: -Infinity };
    known.count += 1;
    if (now - known.saidAt >= SAID_EVERY_MS) {
      known.saidAt = now;
      this.#logger.warn(message, { name, ...fields, count: known.count });
    }
    this.#names.set(name, known);
    const [oldest] = this.#names.keys();
    if (this.#names.size > NAMES_MAX && oldest !== undefined) this.#names.delete(oldest);
  }
}
