import type { LogFields, Logger } from '../../observe/log.ts';
import type { Message } from '../message/message.ts';
import type { BuildNotifier, Notifier, SendResult } from '../notifier.ts';

export const buildLog: BuildNotifier = (name, _settings, { logger }) => new LogNotifier({ name, logger });

/** Writes each message to the log, trouble as a warning. */
export class LogNotifier implements Notifier {
  readonly name: string;
  readonly type: string;
  readonly concurrency = 1;
  readonly keepsState = false;
  readonly onlyLogs = true;
  readonly mergedLengthMax = null;
  readonly #logger: Logger;
  readonly #notSentBecause: string | null;

  /**
   * @param notSentBecause set where a person was meant to be told and is not; every message is then a warning that
   * says so
   */
  constructor(options: { name: string; type?: string; logger: Logger; notSentBecause?: string }) {
    this.name = options.name;
    this.type = options.type ?? 'log';
    this.#logger = options.logger;
    this.#notSentBecause = options.notSentBecause ?? null;
  }

  async send(message: Message): Promise<SendResult> {
    const fields: LogFields = { job: jobsOf(message), notifier: this.name, delivery: message.deliveryId };
    if (this.#notSentBecause !== null) fields['not_sent'] = this.#notSentBecause;
    for (const { label, value } of message.fields) fields[keyOf(label)] = value;
    for (const { label, text } of message.links) fields[keyOf(label)] = text;
    if (message.output !== null) fields['output'] = message.output;
    const isGood = message.severity === 'good' && this.#notSentBecause === null;
    if (isGood) this.#logger.info(message.title, fields);
    else this.#logger.warn(message.title, fields);
    return { result: 'logged', notSentBecause: this.#notSentBecause };
  }

  async close(): Promise<void> {}
}

/**
 * Returns the names of the jobs that a message is about, so that a search of the log for a job finds it. Returns
 * undefined where the message is about Cronflow itself.
 */
function jobsOf({ sections, source }: Message): string | undefined {
  const names = sections.flatMap(({ lines }) => lines.flatMap((line) => line.names));
  return names.length > 0 ? names.join(',') : (source.delivery.facts.job_name ?? undefined);
}

function keyOf(label: string): string {
  return label.toLowerCase().replaceAll(' ', '_');
}
