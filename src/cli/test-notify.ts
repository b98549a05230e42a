import { hostname } from 'node:os';
import type { Config, NotifierConfig } from '../config/config.ts';
import { tellsNobody } from '../core/model/notifier-config.ts';
import { nearest } from '../core/text/nearest.ts';
import { redact } from '../core/text/redact.ts';
import type { Message } from '../delivery/message/message.ts';
import type { Notifier, SendResult } from '../delivery/notifier.ts';
import { NotifierRegistry } from '../delivery/registry.ts';
import { type Sample, SAMPLE_EVENTS, type SampleEvent, sampleOf } from '../delivery/sample/sample.ts';
import { attempt } from '../delivery/sending/attempt.ts';
import { createLogger } from '../observe/log.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions, UsageError } from './command.ts';
import type { Io } from './io.ts';
import { configPathOf, FILE_OPTIONS, validConfig } from './offline.ts';

const HELP = `Usage: cronflow test-notify NAME [OPTIONS]

Sends a sample message to the notifier NAME of cronflow.yaml, once, and says whether it was taken. Its title begins
with TEST; it looks and calls people as a real one does (mention of defaults). No running Cronflow is needed.

  --event EVENT    what the message tells of (default: failure):
                   ${SAMPLE_EVENTS.slice(0, 8).join(', ')},
                   ${SAMPLE_EVENTS.slice(8, 14).join(', ')},
                   ${SAMPLE_EVENTS.slice(14).join(', ')}.
                   A notifier that keeps trouble open, as PagerDuty does, gets the opening before an end.
                   --event resolved closes the trouble that another event has opened there
  --config FILE    the configuration (CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --json           print {"ok", "notifier", "type", "event", "messages", "stays_open", "advice"}
  --help

Exit codes: 0 the receiver took it, or the log has it where NAME is of type log, which tells nobody; 1 the receiver did
not take it, nobody would be told where somebody should, or the configuration is not valid; 2 wrong usage or no
notifier NAME.
`;

interface Options {
  path: string;
  name: string;
  event: SampleEvent;
  json: boolean;
}

/** A message and its result. */
interface Sent {
  message: Message;
  answer: SendResult;
}

/** Runs `cronflow test-notify NAME`: sends a sample message. Returns the exit code, see its help. */
export function testNotify(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'test-notify',
    help: HELP,
    read: () => readOptions(argv, io),
    run: async (options) => {
      const config = await validConfig(io, options.path);
      const notifier = notifierNamed(config, options.name);
      const nowAt = Math.floor(io.clock.now() / 1_000) * 1_000;
      const { defaults, publicUrl } = config;
      const hide = (text: string): string => redact(text, config.redact);
      const about = { notifier: notifier.name, defaults, publicUrl, redact: hide, host: hostname(), nowAt };
      const sample = await sampleOf(options.event, about);
      const outcome = await sendTo(notifier, sample, { io, hide });
      report(options, notifier, outcome, io);
      return outcome.advice === null ? EXIT.done : EXIT.failed;
    },
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...FILE_OPTIONS, event: { type: 'string', default: 'failure' } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const [name, extra] = positionals;
  if (name === undefined || name === '') throw new Error('it needs the NAME of a notifier of cronflow.yaml');
  if (extra !== undefined) throw new Error(`one NAME; "${extra}" is too many`);
  const event = SAMPLE_EVENTS.find((each) => each === values.event);
  if (event === undefined) {
    throw new Error(`--event "${values.event}" ${notOneOf(values.event, SAMPLE_EVENTS)}`);
  }
  return { path: configPathOf(io, [], values.config), name, event, json: values.json };
}

/**
 * Finds a notifier by its name.
 * @throws UsageError with the names there are
 */
function notifierNamed({ notifiers }: Config, name: string): NotifierConfig {
  const found = notifiers.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = notifiers.map((each) => each.name);
  throw new UsageError(`notifier "${name}" ${notOneOf(name, names)}`);
}

function notOneOf(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return `is not one of ${known.join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

/** The result of a test. */
interface TestOutcome {
  sent: readonly Sent[];
  /** True if the receiver keeps the sample trouble as open. */
  staysOpen: boolean;
  /** The advice for a message that was not taken; null where all were taken. */
  advice: string | null;
}

interface Means {
  io: Io;
  /** Hides secrets, because a receiver may quote the message, or its sender. */
  hide: (text: string) => string;
}

async function sendTo(config: NotifierConfig, sample: Sample, means: Means): Promise<TestOutcome> {
  const { io } = means;
  if (tellsNobody(config)) return { sent: [], staysOpen: false, advice: NOBODY };
  const registry = new NotifierRegistry({
    clock: io.clock,
    logger: createLogger(io.clock, 'info', (line) => io.stderr(line)),
  });
  registry.apply([config]);
  try {
    const notifier = registry.get(config.name)!;
    if (sample.opening.kind === 'merged' && notifier.mergedLengthMax === null) {
      const each = 'is sent each message by itself, however many there are';
      throw new UsageError(`notifier "${config.name}" ${each}; there is no --event storm to try`);
    }
    const sent = await sendAll(notifier, sample, means);
    const last = sent.at(-1)!;
    const advice = adviceOn(last.answer);
    return { sent, staysOpen: notifier.keepsState && isOpenAfter(sent), advice };
  } finally {
    await registry.close();
  }
}

/**
 * Sends the messages of a sample. An end is preceded by its opening where the receiver keeps state; elsewhere it can
 * be told alone. It stops at a message that is not taken.
 */
async function sendAll(
  notifier: Notifier,
  { opening, following }: Sample,
  { io, hide }: Means,
): Promise<Sent[]> {
  const send = async (message: Message): Promise<SendResult> => {
    const answer = await attempt(notifier, message, io.clock);
    return 'detail' in answer ? { ...answer, detail: hide(answer.detail) } : answer;
  };
  const sent: Sent[] = [];
  let receipt: string | null = null;
  if (following === null || notifier.keepsState) {
    const answer = await send(opening);
    sent.push({ message: opening, answer });
    if (isRefused(answer) || following === null) return sent;
    receipt = answer.result === 'ok' ? (answer.receipt ?? null) : null;
  }
  const message = following(receipt);
  sent.push({ message, answer: await send(message) });
  return sent;
}

/**
 * Tells whether the receiver still keeps the trouble as open by the id of the incident. A receiver that gives a
 * receipt, as Slack does, keeps a message and no state.
 */
function isOpenAfter(sent: readonly Sent[]): boolean {
  const taken = sent.filter(({ answer }) => answer.result === 'ok');
  const opened = taken.some(
    ({ message, answer }) =>
      message.severity === 'bad' && !(answer.result === 'ok' && answer.receipt !== undefined),
  );
  return opened && !taken.some(({ message }) => message.kind === 'closed');
}

const NOBODY =
  'Nothing was sent: webhook_url is empty, so every notification is only logged and nobody would be told. Set it, or ' +
  'SLACK_WEBHOOK_URL, to the address of an incoming webhook.';

/** Advice for answers that carry none; Slack's errors come with advice of their own. */
const ADVICE: readonly [RegExp, string][] = [
  [
    /ENOTFOUND|EAI_AGAIN/,
    'The host name is not known: check the address, and whether DNS works on this machine.',
  ],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|TIMED?OUT|in time|no answer/,
    'Check the address, and whether a firewall keeps this machine from it.',
  ],
  [
    /CERT|SSL|ERR_TLS|SELF_SIGNED|UNABLE_TO_|certificate/,
    'Check the certificate of the receiver and the clock of this machine.',
  ],
  // These codes are those of HTTP and of SMTP (RFC 4954).
  [/answered (?:40[13]|53[0458])\b/, 'Check the credentials.'],
  [/answered 404\b/, 'Check the address.'],
];

/** A result for a message that was neither taken nor logged. */
type Refusal = Extract<SendResult, { detail: string }>;

function isRefused(answer: SendResult): answer is Refusal {
  return answer.result !== 'ok' && answer.result !== 'logged';
}

/**
 * Says what to do about an answer.
 * @returns null where nothing is to be done
 */
function adviceOn(answer: SendResult): string | null {
  if (!isRefused(answer)) return null;
  const [, known] = ADVICE.find(([pattern]) => pattern.test(answer.detail)) ?? [];
  const otherwise =
    answer.result === 'permanent'
      ? 'Cronflow would give such a message up at once: correct the notifier in cronflow.yaml.'
      : 'Cronflow would try again for 24 hours; this command does not: try it again in a while.';
  return known ?? otherwise;
}

function report({ json, event }: Options, config: NotifierConfig, outcome: TestOutcome, io: Io): void {
  const { sent, staysOpen, advice } = outcome;
  const who = `${config.name} (${config.type})`;
  if (json) {
    const messages = sent.map(({ message, answer }) => ({
      delivery_id: message.deliveryId,
      kind: message.kind,
      title: message.title,
      result: answer.result,
      detail: isRefused(answer) ? answer.detail : null,
    }));
    const { name: notifier, type } = config;
    const told = { ok: advice === null, notifier, type, event, messages, stays_open: staysOpen, advice };
    io.stdout(`${JSON.stringify(told, null, 2)}\n`);
    return;
  }
  for (const { message, answer } of sent) {
    if (answer.result === 'ok') io.stdout(`${who} took it: ${message.title}\n`);
    else if (isRefused(answer)) io.stderr(`cronflow test-notify: ${who} did not take it: ${answer.detail}\n`);
    else io.stdout(`${who} logged it, which tells nobody: ${message.title}\n`);
  }
  if (advice !== null) io.stderr(`${sent.length === 0 ? `cronflow test-notify: ${who}: ` : ''}${advice}\n`);
  if (staysOpen)
    io.stdout(`It stays open there until: cronflow test-notify ${config.name} --event resolved\n`);
}
