import type { Clock } from '../clock.ts';
import type { NotifierConfig } from '../core/notifier-config.ts';
import type { Logger } from '../observe/log.ts';
import { LogNotifier } from './log/notifier.ts';
import type { Notifier } from './notifier.ts';
import { Pacer } from './pacer.ts';
import { SLACK_INTERVAL_MS, SlackNotifier } from './slack/notifier.ts';

/** What notifiers are built with. */
interface Parts {
  clock: Clock;
  logger: Logger;
  /** One pace per destination, even where two notifiers or two revisions name the same. */
  pacerOf: (destination: string, intervalMs: number) => Pacer;
}

type Kinds = {
  [Type in NotifierConfig['type']]: (
    config: Extract<NotifierConfig, { type: Type }>,
    parts: Parts,
  ) => Notifier;
};

/** Every kind of notifier registers here, once. */
const KINDS: Kinds = {
  slack: ({ name, webhookUrl }, { clock, logger, pacerOf }) => {
    // DESIGN.md §5: an empty address means that every notification is logged instead.
    if (webhookUrl === '') {
      return new LogNotifier({ name, type: 'slack', logger, notSentBecause: 'webhook_url is empty' });
    }
    return new SlackNotifier({ name, webhookUrl, clock, pacer: pacerOf(webhookUrl, SLACK_INTERVAL_MS) });
  },
  log: ({ name }, { logger }) => new LogNotifier({ name, logger }),
};

interface Entry {
  /** The configuration it was built from, to see whether it changed. */
  key: string;
  notifier: Notifier;
}

/** The configured notifiers, by name. */
export class NotifierRegistry {
  readonly #parts: Parts;
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
   * Swaps to the notifiers of a new configuration. Those whose configuration is unchanged stay as they are;
   * those no longer used are closed once what they are sending has ended.
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
      this.#logger.warn('a notifier did not close', { notifier: notifier.name, error: String(error) });
    });
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}

function build<Type extends NotifierConfig['type']>(
  config: Extract<NotifierConfig, { type: Type }>,
  parts: Parts,
): Notifier {
  const create: Kinds[Type] = KINDS[config.type];
  return create(config, parts);
}

/** The configuration as text that does not depend on the order of its keys. */
function keyOf(config: NotifierConfig): string {
  return JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
}
