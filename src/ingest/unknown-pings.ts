import type { Clock } from '../clock.ts';
import type { PingKind } from '../core/reasons.ts';
import type { Logger } from '../observe/log.ts';

const NAMES_MAX = 1_000;
const SAID_EVERY_MS = 3_600_000;

/** Pings under a name that no job has, since Cronflow started. Instants in milliseconds since the Unix epoch. */
export interface UnknownPing {
  name: string;
  /** Of the last one. */
  kind: PingKind;
  count: number;
  first_at: number;
  last_at: number;
}

/**
 * Says in the log that pings come for jobs nobody declared, or that have another name now: once an hour for each
 * name, since a forgotten crontab line pings every minute.
 */
export class UnknownPings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By name, those that pinged last at the end. */
  readonly #names = new Map<string, UnknownPing & { isFormer: boolean; saidAt: number }>();

  constructor(options: { clock: Clock; logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  note(name: string, kind: PingKind): void {
    this.#note('a ping came for a job nobody declared', name, kind, {});
  }

  /** @param job what the job is called now */
  noteFormer(name: string, job: string, kind: PingKind): void {
    const message = 'a ping came under a former name; it counts for 30 days after the rename';
    this.#note(message, name, kind, { job });
  }

  /** Names that nobody declared, those that pinged last first; at most 1,000. */
  recent(): UnknownPing[] {
    return [...this.#names.values()]
      .filter(({ isFormer }) => !isFormer)
      .map(({ isFormer: _isFormer, saidAt: _saidAt, ...ping }) => ping)
      .reverse();
  }

  #note(message: string, name: string, kind: PingKind, fields: { job?: string }): void {
    const now = this.#clock.now();
    const known = this.#names.get(name);
    const { count, saidAt, first_at } = known ?? { count: 0, saidAt: -Infinity, first_at: now };
    const isSaid = now - saidAt < SAID_EVERY_MS;
    if (!isSaid) this.#logger.warn(message, { name, kind, ...fields, count: count + 1 });
    this.#names.delete(name);
    this.#names.set(name, {
      name,
      kind,
      count: count + 1,
      first_at,
      last_at: now,
      isFormer: fields.job !== undefined,
      saidAt: isSaid ? saidAt : now,
    });
    const [oldest] = this.#names.keys();
    if (this.#names.size > NAMES_MAX && oldest !== undefined) this.#names.delete(oldest);
  }
}
