/** What may become of a message to a notifier: taken, only logged, to be tried again, given up. */
export const MESSAGE_OUTCOMES = ['sent', 'logged', 'retry', 'dead'] as const;
export type MessageOutcome = (typeof MESSAGE_OUTCOMES)[number];

/** Counts what became of messages since the start, for metrics. One that tells of a storm is one. */
export class MessageCounts {
  readonly #counts = new Map<string, Record<MessageOutcome, number>>();

  note(notifier: string, outcome: MessageOutcome): void {
    const counts = this.#counts.get(notifier) ?? { sent: 0, logged: 0, retry: 0, dead: 0 };
    this.#counts.set(notifier, counts);
    counts[outcome] += 1;
  }

  /** By the notifier's name. */
  get all(): ReadonlyMap<string, Readonly<Record<MessageOutcome, number>>> {
    return this.#counts;
  }
}
