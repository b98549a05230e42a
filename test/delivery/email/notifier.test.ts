import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildEmail } from '../../../src/delivery/email/notifier.ts';
import type { Notifier } from '../../../src/delivery/notifier.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { readMail } from '../../support/mime.ts';
import {
  type SmtpServer,
  type SmtpServerOptions,
  SMTP_CERTIFICATE,
  startSmtpServer,
} from '../../support/smtp-server.ts';
import { quiet } from '../support/logger.ts';
import { aMessage } from '../support/message.ts';
import { aDelivery } from '../support/records.ts';

const never = new AbortController().signal;
const PASSWORD = 'XsecretXpasswordX';
const BOTH = ['ops@example.com', 'data@example.com'];

let clock: FakeClock;
let log: string[];
let open: (() => Promise<void>)[];

beforeEach(() => {
  clock = createFakeClock();
  log = [];
  open = [];
});

afterEach(async () => {
  for (const close of open) await close();
});

async function server(options: SmtpServerOptions = { security: 'plain' }): Promise<SmtpServer> {
  const started = await startSmtpServer(options);
  open.push(() => started.close());
  return started;
}

function email(port: number, settings: object = {}): Notifier {
  const given = {
    host: '127.0.0.1',
    port,
    security: 'none',
    from: 'Cronflow <cron@example.com>',
    to: ['ops@example.com'],
    ...settings,
  };
  return buildEmail('mail', given, { clock, logger: quiet(clock, log), pacerOf: () => expect.fail() });
}

const encrypted = { security: 'starttls', ca: SMTP_CERTIFICATE };
const login = { username: 'cron', password: PASSWORD };

describe('a mail', () => {
  test('has all of the message as text and as HTML', async () => {
    const smtp = await server();
    const sent = await email(smtp.port, { to: BOTH, reply_to: 'team@example.com' }).send(aMessage(), never);
    const [mail] = smtp.mails;
    expect(mail).toMatchObject({ from: 'cron@example.com', to: BOTH });
    const { headers, text, html } = readMail(mail?.content ?? '');
    const messageId = headers.get('message-id');
    expect(sent).toEqual({ result: 'ok', receipt: messageId });
    expect(messageId).toMatch(/^<j1-i1\.ops\.opened\.[0-9a-z]+@example\.com>$/);
    expect(Object.fromEntries(headers)).toMatchObject({
      from: 'Cronflow <cron@example.com>',
      to: 'ops@example.com, data@example.com',
      'reply-to': 'team@example.com',
      subject: 'FAILED backup on web1: exit 1 after 4m12s',
      date: 'Thu, 15 Jan 2026 12:00:00 +0000',
      'auto-submitted': 'auto-generated',
      'x-cronflow-event': 'opened',
      'x-cronflow-delivery': 'j1-i1.ops.opened',
      'x-cronflow-incident': 'j1-i1',
      'x-cronflow-job': 'daily-database-backup',
    });
    expect(headers.has('in-reply-to')).toBe(false);
    expect(text).toMatchSnapshot('as text');
    expect(html).toMatchSnapshot('as HTML');
  });

  test('lists what a merged message tells of', async () => {
    const smtp = await server();
    const sections = [
      { group: 'etl', lines: [{ what: 'FAILED: exit 1', names: ['load-a', 'load-b'] }] },
      {
        group: null,
        lines: [{ what: 'MISSED', names: Array.from({ length: 5_000 }, (_, i) => `job-${i}`) }],
      },
    ];
    const message = aMessage({ kind: 'merged', title: '5002 jobs in trouble', sections, output: null });
    expect(await email(smtp.port).send(message, never)).toMatchObject({ result: 'ok' });
    const { text, html, headers } = readMail(smtp.mails[0]?.content ?? '');
    for (const part of [text, html]) {
      expect(part).toContain('etl');
      expect(part).toMatch(/load-a,\s+load-b/);
      for (let i = 0; i < 5_000; i += 1) expect(part.includes(`job-${i}`)).toBe(true);
    }
    expect(headers.has('x-cronflow-job')).toBe(false);
  });

  test('stands in the thread of the mail that told of the incident', async () => {
    const smtp = await server();
    const notifier = email(smtp.port);
    const opened = await notifier.send(aMessage(), never);
    const receipt = 'receipt' in opened ? (opened.receipt ?? '') : '';
    const delivery = aDelivery({ kind: 'closed' });
    const closed = { kind: 'closed', deliveryId: delivery.id } as const;
    const source = { ...aMessage().source, delivery };
    await notifier.send(aMessage({ ...closed, opening: { receipt, isMerged: false, said: null } }), never);
    // The answer to the opening was lost, and with it the receipt.
    await notifier.send(aMessage({ ...closed, source, opening: null }), never);
    const read = smtp.mails.map(({ content }) => readMail(content).headers);
    expect(new Set(read.map((headers) => headers.get('message-id'))).size).toBe(2);
    for (const headers of read.slice(1)) {
      expect(headers.get('in-reply-to')).toBe(receipt);
      expect(headers.get('references')).toBe(receipt);
    }
  });

  test('is the same at every attempt', async () => {
    const smtp = await server();
    smtp.failNext({ at: 'message', drop: true });
    const notifier = email(smtp.port);
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'retry' });
    await clock.advance(60_000);
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'ok' });
    const ids = smtp.mails.map(({ content }) => readMail(content).headers.get('message-id'));
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });
});

describe('the notifier by email', () => {
  test('begins STARTTLS before the password', async () => {
    const smtp = await server({ users: { cron: PASSWORD }, offersPlainAuth: true });
    expect(await email(smtp.port, { ...encrypted, ...login }).send(aMessage(), never)).toMatchObject({
      result: 'ok',
    });
    expect(smtp.mails[0]).toMatchObject({ isEncrypted: true, user: 'cron' });
    const verbs = smtp.commands.map((line) => line.split(' ')[0]);
    expect(verbs.slice(0, 4)).toEqual(['EHLO', 'STARTTLS', 'EHLO', 'AUTH']);
  });

  test('sends nothing without STARTTLS', async () => {
    const smtp = await server({ security: 'plain', users: { cron: PASSWORD }, offersPlainAuth: true });
    expect(await email(smtp.port, { ...encrypted, ...login }).send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail:
        'the mail server answered 502 5.5.1 not here to STARTTLS, which it does not offer there; ' +
        'security: tls (port 465) may be what it wants',
    });
    expect(smtp.commands.join('\n')).not.toMatch(/AUTH|MAIL/);
  });

  test('tries again while the server cannot do STARTTLS', async () => {
    const smtp = await server({ security: 'starttls' });
    smtp.failNext({ at: 'starttls', answer: '454 4.7.0 TLS not available' });
    expect(await email(smtp.port, encrypted).send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'the mail server answered 454 4.7.0 TLS not available',
    });
  });

  test('speaks TLS from the start where it is told to', async () => {
    const smtp = await server({ security: 'tls', users: { cron: PASSWORD } });
    const settings = { ...encrypted, ...login, security: 'tls' };
    expect(await email(smtp.port, settings).send(aMessage(), never)).toMatchObject({ result: 'ok' });
    expect(smtp.mails[0]).toMatchObject({ isEncrypted: true, user: 'cron' });
  });

  test.each(['tls', 'starttls'] as const)('trusts no certificate of just anybody: %s', async (security) => {
    const smtp = await server({ security, users: { cron: PASSWORD } });
    const sent = await email(smtp.port, { security, ...login }).send(aMessage(), never);
    expect(sent).toMatchObject({
      result: 'retry',
      detail: expect.stringContaining('self-signed certificate'),
    });
    expect(smtp.commands.join('\n')).not.toMatch(/AUTH|MAIL/);
  });
});

describe('an answer of the mail server', () => {
  test.each([
    [{ at: 'connect', answer: '421 4.3.2 too many connections' }, 'retry'],
    [{ at: 'connect', answer: '554 5.7.1 no service for you' }, 'permanent'],
    [{ at: 'mail', answer: '451 4.3.0 try again' }, 'retry'],
    [{ at: 'mail', answer: '550 5.7.1 sender refused' }, 'permanent'],
    [{ at: 'data', answer: '451 4.3.0 try again' }, 'retry'],
    [{ at: 'message', answer: '452 4.3.1 no space' }, 'retry'],
    [{ at: 'message', answer: '554 5.7.1 looks like spam' }, 'permanent'],
  ] as const)('such as %j means %s', async (fault, result) => {
    const smtp = await server();
    smtp.failNext(fault);
    const sent = await email(smtp.port).send(aMessage(), never);
    expect(sent).toEqual({ result, detail: `the mail server answered ${fault.answer}` });
    expect(smtp.mails).toEqual([]);
  });

  test.each(['connect', 'ehlo', 'mail', 'data', 'message'] as const)(
    'that is missing because the connection breaks at %s is a reason to try again',
    async (at) => {
      const smtp = await server();
      smtp.failNext({ at, drop: true });
      expect(await email(smtp.port).send(aMessage(), never)).toMatchObject({ result: 'retry' });
      expect(await email(smtp.port).send(aMessage(), never)).toMatchObject({ result: 'ok' });
    },
  );

  test.each(['connect', 'mail', 'message'] as const)(
    'that does not come at %s is waited for until the signal',
    async (at) => {
      const smtp = await server();
      smtp.failNext({ at, hang: true });
      const controller = new AbortController();
      const sent = email(smtp.port).send(aMessage(), controller.signal);
      await expect.poll(() => smtp.connections).toBe(1);
      controller.abort();
      expect(await sent).toEqual({
        result: 'retry',
        detail: 'the mail server was not reached: no answer in time',
      });
    },
  );

  test('that is missing because nobody listens is a reason to try again', async () => {
    const smtp = await server();
    const { port } = smtp;
    await smtp.close();
    const sent = await email(port).send(aMessage(), never);
    expect(sent).toMatchObject({ result: 'retry', detail: expect.stringContaining('ECONNREFUSED') });
  });

  test('that the password is wrong ends all attempts, and does not show the password', async () => {
    const smtp = await server({ users: { cron: 'another' } });
    expect(await email(smtp.port, { ...encrypted, ...login }).send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'the mail server answered 535 5.7.8 credentials invalid',
    });
    const plain = Buffer.from(`\0cron\0${PASSWORD}`).toString('base64');
    smtp.failNext({ at: 'auth', answer: `454 4.7.0 cannot check ${plain} ${PASSWORD}` });
    expect(await email(smtp.port, { ...encrypted, ...login }).send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'the mail server answered 454 4.7.0 cannot check *** ***',
    });
  });

  test('that asks for a password that there is none of says so', async () => {
    const smtp = await server({ users: { cron: PASSWORD } });
    expect(await email(smtp.port, encrypted).send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'the mail server answered 530 5.7.0 authenticate first',
    });
  });
});

describe('a mail with refused addresses', () => {
  test('is given up where all addresses are refused', async () => {
    const smtp = await server();
    smtp.refuse('ops@example.com', '550 5.1.1 no such user');
    expect(await email(smtp.port).send(aMessage(), never)).toEqual({
      result: 'permanent',
      detail: 'the mail server answered 550 5.1.1 no such user',
    });
  });

  test('goes to the others, once, where one is refused for good, and the log says so', async () => {
    const smtp = await server();
    smtp.refuse('ops@example.com', '550 5.1.1 no such user');
    expect(await email(smtp.port, { to: BOTH }).send(aMessage(), never)).toMatchObject({ result: 'ok' });
    expect(smtp.mails.map(({ to }) => to)).toEqual([['data@example.com']]);
    expect(log.join('')).toContain('address=ops@example.com');
    expect(log.join('')).toContain('no such user');
  });

  test('is tried again for an address that is refused for now, and not told twice to the others', async () => {
    const smtp = await server();
    smtp.refuse('ops@example.com', '451 4.7.1 greylisted');
    const notifier = email(smtp.port, { to: BOTH });
    const detail = '1 of 2 addresses did not take it yet: the mail server answered 451 4.7.1 greylisted';
    expect(await notifier.send(aMessage(), never)).toEqual({ result: 'retry', detail });
    expect(await notifier.send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'the mail server answered 451 4.7.1 greylisted',
    });
    smtp.refuse('ops@example.com', null);
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'ok' });
    expect(smtp.mails.map(({ to }) => to)).toEqual([['data@example.com'], ['ops@example.com']]);
    // Another message is for all of them again.
    await notifier.send(aMessage({ deliveryId: 'j1-i1.ops.closed' }), never);
    expect(smtp.mails.at(-1)?.to).toEqual(BOTH);
  });

  test('is done for the others where an address is refused for now and then for good', async () => {
    const smtp = await server();
    smtp.refuse('ops@example.com', '451 4.7.1 greylisted');
    const notifier = email(smtp.port, { to: BOTH });
    await notifier.send(aMessage(), never);
    smtp.refuse('ops@example.com', '550 5.1.1 no such user');
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'ok' });
    expect(smtp.mails).toHaveLength(1);
  });

  test('is tried again for those refused for now, not for those refused for good', async () => {
    const smtp = await server();
    smtp.refuse('ops@example.com', '550 5.1.1 no such user');
    smtp.refuse('data@example.com', '450 4.2.0 busy');
    const notifier = email(smtp.port, { to: BOTH });
    expect(await notifier.send(aMessage(), never)).toEqual({
      result: 'retry',
      detail: 'the mail server answered 450 4.2.0 busy',
    });
    smtp.refuse('data@example.com', null);
    expect(await notifier.send(aMessage(), never)).toMatchObject({ result: 'ok' });
  });
});

describe('a notifier by email', () => {
  test('waits for what is being sent before it is closed', async () => {
    const smtp = await server();
    const notifier = email(smtp.port);
    const sent = notifier.send(aMessage(), never);
    await notifier.close();
    expect(smtp.mails).toHaveLength(1);
    expect(await sent).toMatchObject({ result: 'ok' });
  });

  test('merges storms, and is told of no paused jobs', async () => {
    expect(email(25)).toMatchObject({ type: 'email', mergedLengthMax: 200_000, keepsState: false });
  });
});
