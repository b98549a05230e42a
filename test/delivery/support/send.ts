import type { Message } from '../../../src/delivery/message/message.ts';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import type { FakeClock } from '../../support/fake-clock.ts';

/** Sends while time passes, for a notifier may keep a pace of its own. */
export async function sendInTime(
  notifier: Notifier,
  message: Message,
  clock: FakeClock,
  signal: AbortSignal = new AbortController().signal,
): Promise<SendResult> {
  let result: SendResult | undefined;
  const sending = notifier.send(message, signal).then((sent) => (result = sent));
  const time = async (): Promise<void> => {
    await clock.advance(250);
    if (result === undefined) await time();
  };
  await Promise.race([sending, time()]);
  return sending;
}

/** Waits for a server, which is real, while no time passes for the notifier. */
export function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const turn = (left: number): void => void (left === 0 ? resolve() : setImmediate(turn, left - 1));
    turn(count);
  });
}
