import { describe, expect, test } from 'vitest';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import { attempt } from '../../../src/delivery/sending/attempt.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aMessage } from '../support/message.ts';

function notifier(send: (signal: AbortSignal) => Promise<SendResult>): Notifier {
  return {
    name: 'ops',
    type: 'log',
    concurrency: 1,
    keepsState: false,
    mergedLengthMax: null,
    send: (_message, signal) => send(signal),
    close: async () => {},
  };
}

describe('one attempt', () => {
  test('answers as the notifier does, and leaves no timer behind', async () => {
    const clock = createFakeClock();
    const ok: SendResult = { result: 'ok', receipt: 'x' };
    expect(
      await attempt(
        notifier(async () => ok),
        aMessage(),
        clock,
      ),
    ).toEqual(ok);
    expect(clock.timerCount).toBe(0);
  });

  test('ends after 10 s even if the notifier never does', async () => {
    const clock = createFakeClock();
    let given: AbortSignal | undefined;
    const sending = attempt(
      notifier((signal) => new Promise(() => void (given = signal))),
      aMessage(),
      clock,
    );
    await clock.advance(9_999);
    expect(given?.aborted).toBe(false);
    await clock.advance(1);
    expect(given?.aborted).toBe(true);
    expect(await sending).toEqual({ result: 'retry', detail: 'no answer within 10 s' });
  });

  test('prefers what the notifier itself says of a timeout', async () => {
    const clock = createFakeClock();
    const sending = attempt(
      notifier(
        (signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () =>
              resolve({ result: 'retry', detail: 'Slack did not answer in time' }),
            ),
          ),
      ),
      aMessage(),
      clock,
    );
    await clock.advance(10_000);
    expect(await sending).toEqual({ result: 'retry', detail: 'Slack did not answer in time' });
  });

  test('takes what a notifier throws for a failed attempt', async () => {
    const failing = notifier(() => Promise.reject(new Error('broken')));
    expect(await attempt(failing, aMessage(), createFakeClock())).toEqual({
      result: 'retry',
      detail: 'the notifier failed: broken',
    });
  });
});
