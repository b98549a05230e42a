import type { Clock } from '../clock.ts';
import type { NotifierConfig } from '../core/model/notifier-config.ts';
import type { Logger } from '../observe/log.ts';
import { buildEmail } from './email/notifier.ts';
import { buildLog } from './log/notifier.ts';
import type { BuildNotifier, Notifier, NotifierParts } from './notifier.ts';
import { buildPagerDuty } from './pagerduty/notifier.ts';
import { buildSlack } from './slack/notifier.ts';
import { Pacer } from './transport/pacer.ts';
import { buildWebhook } from './webhook/notifier.ts';
import { errorText } from '../core/model/errors.ts';

/** Every kind of notifier registers here, once, under its `type` in the schema. */
export const KINDS: Readonly<Record<string, BuildNotifier>> = {
  slack: buildSlack,
  webhook: buildWebhook,
  pagerduty: buildPagerDuty,
  email: buildEmail,
  log: buildLog,
};

interface Entry {
  /** The configuration that it was built from, which shows whether that has changed. */
  key: string;
  notifier: Notifier;
}

/** The configured notifiers, by name. */
export class NotifierRegistry {
  readonly #parts: NotifierParts;
  readonly #logger: Logger;
  readonly #pacers = new Map<string, Pacer>();
  readonly #closing = new Set<Promise<void>>();
  #entries = new Map<string, Entry>();

  constructor(options: { clock: Clock; logger: Logger }) {
    const { clock, logger } = options;
    this.#logger = logger;
    this.#parts = {
      clock,
      logger,
      pacerOf: (destination, intervalMs) => {
        const pacer = this.#pacers.get(destination) ?? new Pacer(clock, intervalMs);
        this.#pacers.set(destination, pacer);
        return pacer;
      },
    };
  }

  get(name: string): Notifier | undefined {
    return this.#entries.get(name)?.notifier;
  }

  /**
   * Swaps to the notifiers of a new configuration. Those whose configuration is unchanged stay as they are. Those no
   * longer used are closed once the messages that they are sending have ended.
   * @returns the names that are new or changed, for `DeliveryWorker.notifiersChanged`
   */
  apply(configs: readonly NotifierConfig[]): string[] {
    const before = this.#entries;
    const changed: string[] = [];
    this.#entries = new Map(
      configs.map((config) => {
        const key = keyOf(config);
        const known = before.get(config.name);
        if (known?.key === key) return [config.name, known];
        changed.push(config.name);
        return [config.name, { key, notifier: build(config, this.#parts) }];
      }),
    );
    for (const [name, entry] of before) if (this.#entries.get(name) !== entry) this.#close(entry.notifier);
    return changed;
  }

  /** Closes every notifier and waits for those that were closed earlier. */
  async close(): Promise<void> {
    for (const { notifier } of this.#entries.values()) this.#close(notifier);
    this.#entries = new Map();
    await Promise.all(this.#closing);
  }

  #close(notifier: Notifier): void {
    const closing = notifier.close().catch((error: unknown) => {
      this.#logger.warn('a notifier did not close', { notifier: notifier.name, error: errorText(error) });
    });
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}

function build({ name, type, settings }: NotifierConfig, parts: NotifierParts): Notifier {
  const create = KINDS[type];
  if (create === undefined)
    throw new Error(`The schema allows a type of notifier that is not registered: ${type}`);
  return create(name, settings, parts);
}

/** Writes the configuration as text that does not depend on the order of its keys. */
function keyOf({ type, settings }: NotifierConfig): string {
  return JSON.stringify([type, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
