import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '../../src/delivery/message/message.ts';
import type { Notifier, SendResult } from '../../src/delivery/notifier.ts';
import { KINDS, NotifierRegistry } from '../../src/delivery/registry.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { aMessage } from './support/message.ts';
import { type Receiver, type Way, WAYS } from './support/receivers.ts';
import { sendInTime, turns } from './support/send.ts';

/**
 * What every kind of notifier owes to the worker (src/delivery/notifier.ts), tried against the local server of its
 * protocol. A new kind gets a line in test/delivery/support/receivers.ts.
 */

const RECEIPT_LENGTH_MAX = 500;
const NO_RECEIVER: Omit<Receiver, 'settings'> = {
  secrets: [],
  accepted: () => 1,
  failNext: () => {},
  close: async () => {},
};

let clock: FakeClock;
let log: string[];
let registry: NotifierRegistry;
let receiver: Receiver;
let notifier: Notifier;
/** Everything that was answered in a test. */
let results: SendResult[];

async function setUp(way: Way): Promise<void> {
  clock = createFakeClock();
  log = [];
  results = [];
  const logger = createLogger(clock, 'debug', (line) => log.push(line));
  registry = new NotifierRegistry({ clock, logger });
  receiver = way.start === null ? { ...NO_RECEIVER, settings: {} } : await way.start();
  notifier = build(way);
}

function build({ type }: Way): Notifier {
  registry.apply([{ name: 'ops', type, settings: receiver.settings }]);
  const built = registry.get('ops');
  if (built === undefined) throw new Error('not built');
  return built;
}

async function send(message: Message): Promise<SendResult> {
  const result = await sendInTime(notifier, message, clock);
  results.push(result);
  return result;
}

/** One message of each kind that this notifier may be given. */
function messagesOf(opening: Message['opening']): Message[] {
  const closed = { kind: 'closed', severity: 'good', title: 'RESOLVED backup: ran fine on web1' } as const;
  const messages = [
    aMessage(),
    aMessage({ kind: 'reminder', title: 'STILL FAILED backup', opening }),
    aMessage({ ...closed, output: null, outputNote: null, opening }),
    aMessage({ kind: 'opened_and_closed', severity: 'over', title: 'FAILED AND RESOLVED backup' }),
    // A lost receipt, a broken one, and one of before the notifier was another kind.
    aMessage({ ...closed, opening: null }),
    aMessage({ ...closed, opening: { receipt: '', isMerged: false, said: null } }),
    aMessage({ ...closed, opening: { receipt: `{"x":1}`, isMerged: false, said: null } }),
  ];
  if (notifier.keepsState) messages.push(aMessage({ kind: 'closed_silently', severity: 'over', opening }));
  if (notifier.mergedLengthMax !== null) {
    const line = { what: 'FAILED: exit 1', names: ['backup', 'report'] };
    messages.push(
      aMessage({ kind: 'merged', title: '2 JOBS IN TROUBLE', sections: [{ group: null, lines: [line] }] }),
      aMessage({ ...closed, opening: opening === null ? null : { ...opening, isMerged: true } }),
    );
  }
  return messages;
}

const HOSTILE = '<!channel> ``` & @here \u2028\u202e\u0000\ud800 "\\ \r\n.\r\n'.repeat(400);

describe('the ways of this test', () => {
  test('hold every kind that is registered', () => {
    expect([...new Set(WAYS.map(({ type }) => type))].sort()).toEqual(Object.keys(KINDS).sort());
  });
});

describe.each(WAYS)('the notifier $type $how', (way) => {
  beforeEach(() => setUp(way));
  afterEach(async () => {
    await Promise.all([registry.close(), receiver.close()]);
    // Whatever the test was about: no secret leaves by an answer, the log, or by looking at the notifier.
    const seen = JSON.stringify(results) + log.join('') + JSON.stringify(notifier) + inspect(notifier);
    for (const secret of receiver.secrets) if (seen.includes(secret)) throw new Error('a secret was seen');
  });

  // What only the log has arrived nowhere.
  const taken = way.type === 'log' ? 'logged' : 'ok';

  test(`says ${taken} when the message was accepted, of whatever kind it is`, async () => {
    const opened = await send(aMessage());
    expect(opened.result).toBe(taken);
    const receipt = opened.result === 'ok' ? opened.receipt : undefined;
    expect((receipt ?? '').length).toBeLessThanOrEqual(RECEIPT_LENGTH_MAX);
    for (const message of messagesOf(
      receipt === undefined ? null : { receipt, isMerged: false, said: aMessage() },
    )) {
      expect([message.kind, (await send(message)).result]).toEqual([message.kind, taken]);
    }
    expect(receiver.accepted()).toBeGreaterThan(0);
  });

  test('is understood whatever the message says', async () => {
    const fields = Array.from({ length: 12 }, () => ({ label: 'Host', value: HOSTILE }));
    const links = [{ label: 'Run', text: HOSTILE, url: `https://example.com/?a=${'x'.repeat(5_000)}` }];
    const words = { title: HOSTILE, description: HOSTILE, output: HOSTILE, outputNote: HOSTILE };
    expect((await send(aMessage({ ...words, fields, links }))).result).toBe(taken);
  });

  test('takes several messages at a time', async () => {
    const sent = await Promise.all([1, 2, 3].map(async () => send(aMessage())));
    expect(sent.map(({ result }) => result)).toEqual([taken, taken, taken]);
  });

  if (way.start === null) return;

  test.each(['unavailable', 'slow_down', 'reset', 'accept_and_drop'] as const)(
    'asks to be tried again after %s',
    async (fault) => {
      receiver.failNext(fault);
      const result = await send(aMessage());
      expect(result).toMatchObject({ result: 'retry', detail: expect.stringMatching(/\S/) });
      if (fault === 'slow_down' && way.saysRetryAfter) expect(result).toHaveProperty('afterMs', 30_000);
      expect((await send(aMessage())).result).toBe('ok');
    },
  );

  test('asks to be tried again when nobody listens', async () => {
    await receiver.close();
    expect((await send(aMessage())).result).toBe('retry');
  });

  test('gives up on what somebody has to change first', async () => {
    receiver.failNext('refused');
    const result = await send(aMessage());
    expect(result).toMatchObject({ result: 'permanent', detail: expect.stringMatching(/\S/) });
  });

  test('ends soon after its signal, and asks to be tried again', async () => {
    receiver.failNext('hang');
    const controller = new AbortController();
    const sending = notifier.send(aMessage(), controller.signal);
    await turns(50);
    controller.abort();
    const result = await sending;
    results.push(result);
    expect(result.result).toBe('retry');
    expect((await notifier.send(aMessage(), controller.signal)).result).toBe('retry');
  });

  test('waits for what is being sent before it is closed', async () => {
    receiver.failNext('hang');
    const controller = new AbortController();
    const ended: string[] = [];
    const sending = notifier.send(aMessage(), controller.signal).then(() => ended.push('send'));
    await turns(50);
    const closing = notifier.close().then(() => ended.push('close'));
    await turns(50);
    expect(ended).toEqual([]);
    controller.abort();
    await Promise.all([sending, closing]);
    expect(ended).toEqual(['send', 'close']);
  });
});
