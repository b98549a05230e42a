import type { Clock } from '../clock.ts';
import type { PingKind } from '../core/model/reasons.ts';
import { Lines } from '../observe/lines.ts';
import type { LogFields, Logger } from '../observe/log.ts';

const NAMES_MAX = 1_000;
const SAID_EVERY_MS = 3_600_000;
/** Lines of the log in an hour, over all names. */
const LINES_MAX = 100;
/** As long as the name of a job can be. What is longer is nobody's, and its beginning says enough. */
const NAME_LENGTH_MAX = 128;

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
 * name, since a forgotten crontab line pings every minute, and so many lines an hour for all of them.
 */
export class UnknownPings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lines: Lines;
  /** By name, those that pinged last at the end. */
  readonly #names = new Map<string, UnknownPing & { isFormer: boolean; saidAt: number }>();

  constructor(options: { clock: Clock; logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#lines = new Lines(options.clock, LINES_MAX);
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

  #note(message: string, pinged: string, kind: PingKind, fields: { job?: string }): void {
    const isCut = pinged.length > NAME_LENGTH_MAX;
    const name = isCut ? `${pinged.slice(0, NAME_LENGTH_MAX).toWellFormed()}…` : pinged;
    const now = this.#clock.now();
    const known = this.#names.get(name);
    const { count, saidAt, first_at } = known ?? { count: 0, saidAt: -Infinity, first_at: now };
    const isSaid = now - saidAt < SAID_EVERY_MS;
    if (!isSaid) this.#say(message, { name, kind, ...fields, count: count + 1 });
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

  #say(message: string, fields: LogFields): void {
    const line = this.#lines.take();
    if (line !== 'no') this.#logger.warn(message, fields);
    if (line === 'last') {
      this.#logger.warn(
        'no more names are logged for an hour; GET /pings/unknown lists those that pinged last',
      );
    }
  }
}
