import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSystemReason, REASONS } from '../../../src/core/model/reasons.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { messageOf } from '../../../src/delivery/message/compose.ts';
import type { Message, MessageContext } from '../../../src/delivery/message/message.ts';
import { blocksOf, plainOf } from '../../../src/delivery/slack/blocks.ts';
import { overBlocksOf, overPlainOf } from '../../../src/delivery/slack/over.ts';
import type { SlackPayload } from '../../../src/delivery/slack/payload.ts';
import { faultOf, parsePayload } from '../../support/slack-rules.ts';
import {
  aClosing,
  aDelivery,
  aJob,
  anIncident,
  aRun,
  aSystemDelivery,
  aSystemIncident,
  SLOT_AT,
  someFacts,
  someSystemFacts,
} from '../support/records.ts';
import { textsOf } from '../support/slack-texts.ts';

const MENTION = 'S0615G0KT';
const HUGE_LENGTH = 10_000_000;

/** What can be told of, from words that a job or whoever declares it has chosen. */
interface Words {
  description: string;
  owner: string;
  runbook: string;
  host: string;
  detail: string;
  output: string;
}

function messagesOf(words: Words, reason: (typeof REASONS)[number]): Message[] {
  const { description, owner, runbook, host, detail, output } = words;
  const job = aJob();
  const declaration = { ...job.declaration, description, owner, runbook, mention: [MENTION] };
  const context: MessageContext = {
    nowAt: SLOT_AT + 900_000,
    incident: anIncident(),
    job: { ...job, declaration },
    run: aRun({ host, detail }),
    output: { text: output, dropped_bytes: 7 },
    usualMs: 60_000,
    lastHost: host,
    timezone: 'UTC',
    publicUrl: 'https://cron.example.com',
    closing: null,
    deadCount: 3,
    opening: null,
    redact,
  };
  const facts = someFacts({ reason, host, detail, signal: host });
  const opened = messageOf(aDelivery({ facts }), context);
  const closed = messageOf(aClosing({ facts: { ...aClosing().facts, host } }), {
    ...context,
    opening: { receipt: 'C1:1', isMerged: false, said: opened },
  });
  const systemFacts = someSystemFacts({ detail, ...(isSystemReason(reason) ? { reason } : {}) });
  const system = { ...context, incident: aSystemIncident({ detail }), job: null, run: null, output: null };
  return [
    opened,
    messageOf(aDelivery({ kind: 'reminder', facts }), context),
    messageOf(aDelivery({ facts }), { ...context, closing: aClosing().facts }),
    closed,
    messageOf(aSystemDelivery({ facts: systemFacts }), system),
  ];
}

function payloadsOf(message: Message): SlackPayload[] {
  return [blocksOf(message), plainOf(message), overBlocksOf(message), overPlainOf(message)];
}

/** Valid by Slack's limits, calls nobody but whom the job names, and holds nothing unseen. */
function expectHarmless(payload: SlackPayload): void {
  const parsed = parsePayload(Buffer.from(JSON.stringify(payload)), 'application/json; charset=utf-8');
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(faultOf(parsed, false)).toBeNull();
  for (const text of textsOf(payload)) {
    expect(text.isWellFormed()).toBe(true);
    const words = text.replaceAll(/<https?:\/\/[^<>|\s]+\|[\w ]+>|<!subteam\^S0615G0KT>/g, '');
    expect(words).not.toMatch(/[<>]/);
    expect(words).not.toMatch(/@(?:here|channel|everyone|group)\b/);
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/);
  }
}

const NASTY = ['<!channel>', '<@U1>', '@here', '```', '`', '&lt;', '\u202egnp.exe', '\u0000', '\ud800', '🚨'];
const more = ['\u001b[2J', '\r', '\n', '\t', '|', '~', '*', 'x', ' ', 'password=', '\u2066', '\ufeff', '>'];
const word = fc.oneof(
  fc.string({ unit: fc.constantFrom(...NASTY, ...more), maxLength: 400 }),
  fc.string({ unit: 'binary', maxLength: 400 }),
  // Bytes that are no UTF-8, as a terminal program may print them.
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.constantFrom('', '&'.repeat(5_000), '`'.repeat(5_000), '<!channel>'.repeat(500)),
);
const words: fc.Arbitrary<Words> = fc.record({
  description: word,
  owner: word,
  runbook: word.map((text) => `https://wiki.example.com/${text}`),
  host: word,
  detail: word,
  output: word,
});

describe('whatever a job is called and prints', () => {
  test('the message is taken by Slack, calls nobody it should not, and shows what is there', () => {
    fc.assert(
      fc.property(words, fc.constantFrom(...REASONS), (given, reason) => {
        for (const message of messagesOf(given, reason)) payloadsOf(message).forEach(expectHarmless);
      }),
      { numRuns: 150 },
    );
  });

  test.each([...NASTY, ...more])('ten megabytes of %j are no more than their end', (piece) => {
    const output = piece.repeat(Math.ceil(HUGE_LENGTH / piece.length));
    const given = {
      description: 'd',
      owner: 'o',
      runbook: 'https://wiki.example.com',
      host: 'h',
      detail: 'd',
    };
    for (const message of messagesOf({ ...given, output }, 'exit_code'))
      payloadsOf(message).forEach(expectHarmless);
  });
});
