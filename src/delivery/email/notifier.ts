import type { Clock } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import { cleanLine } from '../message/clean.ts';
import type { Message } from '../message/message.ts';
import type { BuildNotifier, Notifier, SendResult } from '../notifier.ts';
import { hide } from '../transport/hide.ts';
import { InFlight } from '../transport/in-flight.ts';
import { addressOf, type MailSettings, mailOf } from './mail.ts';
import { type Handover, handOver, type Refusal, SmtpError, type SmtpSettings } from './smtp.ts';
import { Told } from './told.ts';

const DETAIL_LENGTH_MAX = 300;
const PORTS = { tls: 465, starttls: 587, none: 25 } as const;
/**
 * This many characters of names are some thousand jobs, and a mail can show that many, because it is read as a list.
 */
const MERGED_LENGTH_MAX = 200_000;

/** The settings, which the schema has checked. */
interface EmailSettings {
  host: string;
  port?: number;
  security?: 'tls' | 'starttls' | 'none';
  username?: string;
  password?: string;
  ca?: string;
  from: string;
  to: readonly string[];
  reply_to?: string;
}

export const buildEmail: BuildNotifier = (name, given, { clock, logger }) => {
  const settings = given as unknown as EmailSettings;
  const { host, security = 'starttls', username, password = '', ca = null, reply_to: replyTo } = settings;
  const port = settings.port ?? PORTS[security];
  const credentials = username === undefined ? null : { username, password };
  return new EmailNotifier({
    name,
    smtp: { host, port, security, credentials, ca },
    mail: {
      from: addressOf(settings.from),
      to: settings.to.map(addressOf),
      replyTo: replyTo === undefined ? null : addressOf(replyTo),
    },
    clock,
    logger,
  });
};

/** Sends mail over SMTP. */
export class EmailNotifier implements Notifier {
  readonly type = 'email';
  readonly concurrency = 2;
  readonly keepsState = false;
  readonly mergedLengthMax = MERGED_LENGTH_MAX;
  readonly name: string;
  readonly #smtp: SmtpSettings;
  readonly #mail: MailSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #told = new Told();
  readonly #sending = new InFlight();

  constructor(options: {
    name: string;
    smtp: SmtpSettings;
    mail: MailSettings;
    clock: Clock;
    logger: Logger;
  }) {
    this.name = options.name;
    this.#smtp = options.smtp;
    this.#mail = options.mail;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  send(message: Message, signal: AbortSignal): Promise<SendResult> {
    return this.#sending.track(this.#attempt(message, signal));
  }

  close(): Promise<void> {
    return this.#sending.settled();
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendResult> {
    const { deliveryId } = message;
    const everybody = this.#mail.to.map(({ address }) => address);
    const left = everybody.filter((address) => !this.#told.has(deliveryId, address));
    const mail = await mailOf(message, this.#mail, this.#clock.now());
    const envelope = { from: this.#mail.from.address, to: left };
    try {
      const { refused, messageId } = await handOver(this.#smtp, envelope, mail.content, signal);
      const taken = left.filter((address) => refused.every((each) => each.address !== address));
      this.#told.add(deliveryId, taken);
      // Some servers replace the id with one of their own. Then the thread must be built on that one.
      return this.#resultOf(message, refused, messageId ?? mail.messageId);
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      return this.#failureOf(message, error, mail.messageId);
    }
  }

  /**
   * Settles a mail that some took. Addresses that may take it later are tried again; addresses that never will do not
   * keep the mail from counting as sent.
   */
  #resultOf(message: Message, refused: Handover['refused'], messageId: string): SendResult {
    const passing = refused.filter(({ refusal }) => isPassing(refusal));
    const lasting = refused.filter((each) => !passing.includes(each));
    for (const { address, refusal } of lasting) {
      const fields = { notifier: this.name, delivery: message.deliveryId, address };
      this.#logger.warn('an address was refused; the others took the mail', {
        ...fields,
        error: this.#say(refusal),
      });
    }
    this.#told.add(
      message.deliveryId,
      lasting.map(({ address }) => address),
    );
    const [first] = passing;
    if (first !== undefined) {
      const detail = `${passing.length} of ${this.#mail.to.length} addresses did not take it yet: ${this.#say(first.refusal)}`;
      return { result: 'retry', detail: cleanLine(detail, DETAIL_LENGTH_MAX) };
    }
    this.#told.forget(message.deliveryId);
    return { result: 'ok', receipt: messageId };
  }

  /** Settles an attempt in which nobody took the mail. */
  #failureOf(message: Message, { refusal, refused }: SmtpError, messageId: string): SendResult {
    const isAnyTold = this.#told.hasAny(message.deliveryId);
    const isPassingForAny =
      refused.length === 0 ? isPassing(refusal) : refused.some((each) => isPassing(each.refusal));
    // An earlier attempt reached the others, and the addresses that were left have now refused for good.
    if (isAnyTold && !isPassingForAny && refused.length > 0)
      return this.#resultOf(message, refused, messageId);
    const said = refused.find((each) => isPassing(each.refusal) === isPassingForAny)?.refusal ?? refusal;
    return { result: isPassingForAny ? 'retry' : 'permanent', detail: this.#say(said) };
  }

  /** Writes a refusal for people, and hides the credentials, which a server may repeat. */
  #say({ status, text }: Refusal): string {
    const shown = hide(text, secretsOf(this.#smtp.credentials));
    const said =
      status === null ? `the mail server was not reached: ${shown}` : `the mail server answered ${shown}`;
    return cleanLine(said, DETAIL_LENGTH_MAX);
  }
}

/** Returns the password as it is, and in the forms in which it is sent. */
function secretsOf(credentials: SmtpSettings['credentials']): string[] {
  if (credentials === null || credentials.password === '') return [];
  const { username, password } = credentials;
  const sent = [`\0${username}\0${password}`, password].map((text) => Buffer.from(text).toString('base64'));
  return [...sent, password];
}

/** Tells whether a refusal is temporary: a status of 4yz (RFC 5321, 4.2.1), or no answer at all. */
function isPassing({ status }: Refusal): boolean {
  return status === null || status < 500;
}
