import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf, mailOf } from '../../../src/delivery/email/mail.ts';
import { buildEmail } from '../../../src/delivery/email/notifier.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { readMail } from '../../support/mime.ts';
import { type SmtpServer, startSmtpServer } from '../../support/smtp-server.ts';
import { quiet } from '../support/logger.ts';
import { aMessage } from '../support/message.ts';
import { aDelivery, someFacts } from '../support/records.ts';

let smtp: SmtpServer;
beforeAll(async () => {
  smtp = await startSmtpServer({ security: 'plain' });
});
afterAll(() => smtp.close());

/** Texts that no cleaning has seen: what a mail must stand even if a message did not keep its promises. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '\r\nBcc: x@evil.example\r\n',
        '\r\n\r\n.\r\n',
        '\n.\n',
        '<script>',
        '"',
        "'",
        '&lt;',
        '\u0000',
        '=?utf-8?Q?x?=',
      ),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => `x${pieces.join('')}`);

const message = fc
  .record({
    title: hostile,
    description: fc.option(hostile),
    fields: fc.array(fc.record({ label: hostile, value: hostile }), { maxLength: 5 }),
    output: fc.option(hostile),
    links: fc.array(fc.record({ label: hostile, text: hostile, url: fc.option(hostile) }), { maxLength: 3 }),
    sections: fc.array(
      fc.record({
        group: fc.option(hostile),
        lines: fc.array(fc.record({ what: hostile, names: fc.array(hostile) })),
      }),
      { maxLength: 2 },
    ),
    deliveryId: hostile,
    incidentId: hostile,
    opening: fc.option(
      fc
        .oneof(hostile, fc.constant('<a@b.example>'))
        .map((receipt) => ({ receipt, isMerged: false, said: null })),
    ),
    job: hostile,
  })
  .map(({ job, ...changes }): Message => {
    const delivery = aDelivery({ facts: someFacts({ job_name: job }) });
    return aMessage({ ...changes, source: { ...aMessage().source, delivery } });
  });

const TAGS = 'html|head|meta|title|body|h1|h2|p|b|br|table|tr|th|td|pre|a';

describe('a mail of anything', () => {
  test('is taken, and has no header and no markup but ours', async () => {
    const clock = createFakeClock();
    const settings = {
      host: '127.0.0.1',
      port: smtp.port,
      security: 'none',
      from: 'cron@example.com',
      to: ['ops@example.com'],
    };
    const notifier = buildEmail('mail', settings, {
      clock,
      logger: quiet(clock),
      pacerOf: () => expect.fail(),
    });
    await fc.assert(
      fc.asyncProperty(message, async (given) => {
        expect(await notifier.send(given, new AbortController().signal)).toMatchObject({ result: 'ok' });
        const mail = smtp.mails.at(-1);
        expect(mail?.to).toEqual(['ops@example.com']);
        const { headers, html } = readMail(mail?.content ?? '');
        expect([...headers.keys()].filter((name) => !name.startsWith('x-cronflow-')).sort()).toEqual(
          [
            'auto-submitted',
            'content-type',
            'date',
            'from',
            'message-id',
            'mime-version',
            'subject',
            'to',
            'x-auto-response-suppress',
            // Of what is no Message-ID nothing is made.
            ...(given.opening?.receipt.startsWith('<') === true ? ['in-reply-to', 'references'] : []),
          ].sort(),
        );
        expect(
          html.replaceAll(new RegExp(`</?(?:${TAGS})(?: [^<>]*)?>|<!DOCTYPE html>`, 'g'), ''),
        ).not.toMatch(/[<>"']/);
        // Nothing is fetched, and no link leads elsewhere than the web.
        expect(html).not.toMatch(/<(?:img|link|script|iframe)|\bsrc=|url\(/i);
        for (const [, href] of html.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^https?:/i);
      }),
      { numRuns: 60 },
    );
  });

  test('has lines that are short enough', async () => {
    const settings = {
      from: addressOf('cron@example.com'),
      to: [addressOf('ops@example.com')],
      replyTo: null,
    };
    const { content } = await mailOf(
      aMessage({ output: 'x'.repeat(6_000), title: 'ü'.repeat(400) }),
      settings,
      0,
    );
    expect(
      Math.max(
        ...content
          .toString('latin1')
          .split('\r\n')
          .map((line) => line.length),
      ),
    ).toBeLessThan(999);
  });
});

describe('the address of a mail', () => {
  test.each([
    ['a@b.example', '', 'a@b.example'],
    ['Cron Flow <a@b.example>', 'Cron Flow', 'a@b.example'],
    ['"Cron, Flow" <a@b.example>', 'Cron, Flow', 'a@b.example'],
    ['<a@b.example>', '', 'a@b.example'],
  ])('is read with its name: %s', (text, name, address) => {
    expect(addressOf(text)).toEqual({ name, address });
  });
});
