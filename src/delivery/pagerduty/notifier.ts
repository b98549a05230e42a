import type { Clock } from '../../clock.ts';
import { cleanLine } from '../message/clean.ts';
import type { Message } from '../message/message.ts';
import type { BuildNotifier, Notifier, SendResult } from '../notifier.ts';
import { type HttpAnswer, resultOf } from '../transport/http-answer.ts';
import { Receiver } from '../transport/receiver.ts';
import { webAddress } from '../../core/text/web-address.ts';
import { eventsOf, type PagerDutyEvent, type PagerDutySeverity } from './event.ts';

const URL_DEFAULT = 'https://events.pagerduty.com/v2/enqueue';
const ERROR_LENGTH_MAX = 200;

/** The settings, which the schema has checked. */
interface PagerDutySettings {
  routing_key: string;
  url?: string;
  severity?: PagerDutySeverity;
}

export const buildPagerDuty: BuildNotifier = (name, settings, { clock }) => {
  const {
    routing_key: routingKey,
    url = URL_DEFAULT,
    severity = 'error',
  } = settings as unknown as PagerDutySettings;
  return new PagerDutyNotifier({ name, routingKey, url, severity, clock });
};

/** Triggers and resolves alerts over PagerDuty's Events API v2, one for each incident. */
export class PagerDutyNotifier implements Notifier {
  readonly type = 'pagerduty';
  // Four at a time are enough for a storm, and few enough for PagerDuty, whose limits change with its load.
  readonly concurrency = 4;
  readonly keepsState = true;
  // Nothing is merged, because each incident is an alert that people acknowledge and resolve by itself.
  readonly mergedLengthMax = null;
  readonly name: string;
  readonly #routingKey: string;
  readonly #url: URL | null;
  readonly #severity: PagerDutySeverity;
  readonly #clock: Clock;
  readonly #receiver = new Receiver('PagerDuty');

  /** @param routingKey a secret: it goes into no log and no error */
  constructor(options: {
    name: string;
    routingKey: string;
    url: string;
    severity: PagerDutySeverity;
    clock: Clock;
  }) {
    this.name = options.name;
    this.#routingKey = options.routingKey;
    this.#url = webAddress(options.url);
    this.#severity = options.severity;
    this.#clock = options.clock;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendResult> {
    const url = this.#url;
    if (url === null)
      return { result: 'permanent', detail: 'its url is no address that begins with https:// or http://' };
    return this.#receiver.attempt(signal, () => this.#tell(url, message, signal));
  }

  async close(): Promise<void> {
    await this.#receiver.close();
  }

  async #tell(url: URL, message: Message, signal: AbortSignal): Promise<SendResult> {
    for (const event of eventsOf(message, this.#severity)) {
      // If the second of two events fails, both are repeated. PagerDuty applies the first to the alert that it
      // opened before.
      const result = this.#read(await this.#post(url, event, signal));
      if (result.result !== 'ok') return result;
    }
    return { result: 'ok' };
  }

  #post(url: URL, event: PagerDutyEvent, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ routing_key: this.#routingKey, ...event });
    return this.#receiver.post(url, headers, body, signal);
  }

  /** Reads an answer as PagerDuty's "Response Codes & Retry Logic" says. */
  #read(answer: HttpAnswer): SendResult {
    // The answer may repeat the routing key that it refuses.
    const complaint = complaintIn(answer.body).replaceAll(this.#routingKey, '***');
    const result = resultOf('PagerDuty', { ...answer, body: complaint }, this.#clock.now());
    if (result.result !== 'permanent') return result;
    const advice = adviceOn(answer.status, complaint);
    return advice === null ? result : { ...result, detail: `${result.detail}: ${advice}` };
  }
}

/**
 * Reads the complaint out of the JSON: `Event object is invalid, Length of 'routing_key' is incorrect (should be 32
 * characters)`.
 */
function complaintIn(body: string): string {
  try {
    const { message, errors } = JSON.parse(body) as { message?: unknown; errors?: unknown };
    const said = [message, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
    return cleanLine(said.filter((each) => typeof each === 'string').join(', '), ERROR_LENGTH_MAX);
  } catch {
    return body;
  }
}

function adviceOn(status: number, complaint: string): string | null {
  if (/routing_?\s?key/i.test(complaint)) {
    return 'copy the Integration Key of an Events API v2 integration of the service into routing_key';
  }
  if (status === 404) return 'correct url: it ends in /v2/enqueue';
  return status === 400 ? 'please report this to the authors of Cronflow' : null;
}
