import type { Delivery } from '../../../src/core/model/records.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Process } from './process.ts';

const ALL = { skip: 0, limit: 1_000_000 };
/** There is room for a few names only, so that a storm makes more than one message. */
const MERGED_LENGTH_MAX = 120;

/** Keeps what the receivers of all messages were told, by whichever instance. */
export class Mailboxes {
  readonly #taken: Message[] = [];

  /** Returns the notifiers as a process has them. Its end may come before a message is sent, or before the answer. */
  of(process: Process): { get(name: string): Notifier } {
    const send = (message: Message): Promise<SendResult> =>
      process.call(async () => {
        this.#taken.push(message);
        return { result: 'ok' };
      });
    return {
      get: (name) => ({
        name,
        type: 'log',
        concurrency: 1,
        keepsState: false,
        mergedLengthMax: name === 'ops' ? MERGED_LENGTH_MAX : null,
        send,
        close: async () => {},
      }),
    };
  }

  /**
   * Lists for people what of the deliveries that were owed nobody was told, and what was told twice too often.
   * @param interruptions the times that an instance was killed or frozen, of which each may cost an answer
   */
  async faults(owed: readonly Delivery[], store: Store, interruptions: number): Promise<string[]> {
    const { items } = await store.deliveries(ALL);
    const byId = new Map(items.map((delivery) => [delivery.id, delivery]));
    const messages = this.#taken.map((message) => idsOf(message, byId));
    const told = messages.flat();
    const faults: string[] = [];
    for (const { id, kind } of owed) {
      const mayBeSilent = kind === 'reminder' || kind === 'closed_silently';
      if (!told.includes(id) && !mayBeSilent) faults.push(`${id} never came`);
      const opening = id.replace(/\.[^.]+$/, '.opened');
      if (told.includes(id) && told.indexOf(opening) > told.indexOf(id))
        faults.push(`${id} came before its opening`);
    }
    const again = messages.filter((ids, index) =>
      ids.some((id) => messages.slice(0, index).flat().includes(id)),
    );
    if (again.length > interruptions)
      faults.push(`${again.length} messages came twice after ${interruptions} interruptions`);
    return faults;
  }
}

/** Returns the deliveries of which a message tells. */
function idsOf({ deliveryId, kind }: Message, byId: ReadonlyMap<string, Delivery>): readonly string[] {
  const merged = byId.get(deliveryId)?.merged_ids ?? [];
  const closing = `${deliveryId.slice(0, -'opened'.length)}closed`;
  return [deliveryId, ...merged, ...(kind === 'opened_and_closed' ? [closing] : [])];
}
