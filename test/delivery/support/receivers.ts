import type { Preset } from '../../../src/delivery/webhook/notifier.ts';
import type { NotifierSettings } from '../../../src/core/model/notifier-config.ts';
import { startPagerDutyServer } from '../../support/pagerduty-server.ts';
import { startSlackServer } from '../../support/slack-server.ts';
import { SMTP_CERTIFICATE, type SmtpFault, startSmtpServer } from '../../support/smtp-server.ts';
import { startWebhookServer, type WebhookFault } from '../../support/webhook-server.ts';
import {
  type ChatService,
  discordService,
  ntfyService,
  SERVICE_TOKEN,
  teamsService,
  telegramService,
} from '../../support/webhook-services.ts';

/** What goes wrong at the next request, whatever the protocol. */
export type Fault =
  /** The receiver has trouble of its own that will pass, as 503 says. */
  | 'unavailable'
  /** It was told too much in too short a time, as 429 says, with how long to wait where the protocol has words for it. */
  | 'slow_down'
  /** The connection is closed before anything was accepted. */
  | 'reset'
  /** The message is accepted and the connection closed before the answer. */
  | 'accept_and_drop'
  /** No answer until the client gives up. */
  | 'hang'
  /** What somebody has to change first: revoked, unknown, forbidden. */
  | 'refused';

/** The server that a kind of notifier is tested with; it enforces what the service documents. */
export interface Receiver {
  /** For the notifier, as the schema lets them through. */
  settings: NotifierSettings;
  /** Parts of the settings that must show nowhere. */
  secrets: readonly string[];
  /** How many messages were accepted. */
  accepted(): number;
  failNext(fault: Fault): void;
  close(): Promise<void>;
}

/** A way to use a kind of notifier. */
export interface Way {
  /** The `type` in the schema. */
  type: string;
  /** For the test's name. */
  how: string;
  /** Null where nothing leaves the process, so that nothing can go wrong. */
  start: (() => Promise<Receiver>) | null;
  /** Whether its protocol can say how long to wait after `slow_down`. */
  saysRetryAfter: boolean;
}

/** The chat services: how each is stood in for, and the settings that it needs beside its address. */
export const CHATS: Readonly<Record<Preset, { service: ChatService; settings: NotifierSettings }>> = {
  discord: { service: discordService, settings: {} },
  telegram: { service: telegramService, settings: { chat_id: '-1001234' } },
  teams: { service: teamsService, settings: {} },
  ntfy: { service: ntfyService, settings: {} },
};

/** Every kind that is registered, in every way it can be configured: test/delivery/contract.test.ts tries them all. */
export const WAYS: readonly Way[] = [
  { type: 'log', how: 'to the log', start: null, saysRetryAfter: false },
  { type: 'slack', how: 'by webhook', start: startSlackWebhook, saysRetryAfter: true },
  { type: 'slack', how: 'by bot token', start: startSlackBot, saysRetryAfter: true },
  { type: 'webhook', how: 'with JSON of the incident', start: startWebhook, saysRetryAfter: true },
  { type: 'pagerduty', how: 'by the Events API', start: startPagerDuty, saysRetryAfter: true },
  ...Object.entries(CHATS).map(([preset, { service, settings }]) => ({
    type: 'webhook',
    how: `to ${preset}`,
    start: () => startChat(service, { preset, ...settings }),
    saysRetryAfter: true,
  })),
  { type: 'email', how: 'with STARTTLS and a password', start: startMail, saysRetryAfter: false },
];

async function startSlackWebhook(): Promise<Receiver> {
  const server = await startSlackServer();
  const faults = {
    unavailable: { kind: 'answer', status: 503, body: 'service_unavailable' },
    slow_down: { kind: 'answer', status: 429, body: 'rate_limited', retryAfter: '30' },
    reset: { kind: 'reset' },
    accept_and_drop: { kind: 'accept_and_drop' },
    hang: { kind: 'hang' },
    refused: { kind: 'answer', status: 403, body: 'invalid_token' },
  } as const;
  return {
    settings: { webhook_url: server.url },
    secrets: [server.secret],
    accepted: () => server.messages.length,
    failNext: (fault) => server.failNext(faults[fault]),
    close: () => server.close(),
  };
}

async function startSlackBot(): Promise<Receiver> {
  const server = await startSlackServer();
  const faults = {
    unavailable: { kind: 'error', error: 'service_unavailable' },
    slow_down: { kind: 'error', error: 'ratelimited', retryAfter: '30' },
    reset: { kind: 'reset' },
    accept_and_drop: { kind: 'accept_and_drop' },
    hang: { kind: 'hang' },
    refused: { kind: 'error', error: 'token_revoked' },
  } as const;
  return {
    settings: { bot_token: server.token, channel: '#ops', api_url: server.apiUrl },
    secrets: [server.token],
    accepted: () => server.messages.length,
    failNext: (fault) => server.failNext(faults[fault]),
    close: () => server.close(),
  };
}

/** What goes wrong where HTTP alone says so. */
const HTTP_FAULTS: Readonly<Record<Fault, WebhookFault>> = {
  unavailable: { kind: 'answer', status: 503 },
  slow_down: { kind: 'answer', status: 429, headers: { 'retry-after': '30' } },
  reset: { kind: 'reset' },
  accept_and_drop: { kind: 'accept_and_drop' },
  hang: { kind: 'hang' },
  refused: { kind: 'answer', status: 403 },
};

async function startWebhook(): Promise<Receiver> {
  const server = await startWebhookServer();
  const secrets = ['XsecretXpathX', 'XsecretXkeyXofX16', 'XsecretXheaderX'] as const;
  const [path, secret, header] = secrets;
  return {
    settings: { url: `${server.origin}/${path}`, secret, headers: { authorization: header } },
    secrets,
    accepted: () => server.accepted.length,
    failNext: (fault) => server.failNext(HTTP_FAULTS[fault]),
    close: () => server.close(),
  };
}

async function startPagerDuty(): Promise<Receiver> {
  const server = await startPagerDutyServer();
  return {
    settings: { routing_key: server.routingKey, url: server.url },
    secrets: [server.routingKey],
    accepted: () => server.accepted.length,
    failNext: (fault) => server.failNext(HTTP_FAULTS[fault]),
    close: () => server.close(),
  };
}

async function startChat(service: ChatService, settings: NotifierSettings): Promise<Receiver> {
  const server = await startWebhookServer(service.judge);
  return {
    settings: { url: `${server.origin}${service.path}`, ...settings },
    secrets: [SERVICE_TOKEN],
    accepted: () => server.accepted.length,
    failNext: (fault) => server.failNext(HTTP_FAULTS[fault]),
    close: () => server.close(),
  };
}

async function startMail(): Promise<Receiver> {
  const password = 'XsecretXpasswordX';
  const server = await startSmtpServer({ users: { cron: password } });
  const faults: Readonly<Record<Fault, SmtpFault>> = {
    unavailable: { at: 'mail', answer: '451 4.3.0 try again later' },
    slow_down: { at: 'connect', answer: '421 4.7.0 too many connections' },
    reset: { at: 'connect', drop: true },
    accept_and_drop: { at: 'message', drop: true },
    hang: { at: 'message', hang: true },
    refused: { at: 'auth', answer: '535 5.7.8 credentials invalid' },
  };
  return {
    settings: {
      host: '127.0.0.1',
      port: server.port,
      username: 'cron',
      password,
      ca: SMTP_CERTIFICATE,
      from: 'cron@example.com',
      to: ['ops@example.com', 'data@example.com'],
    },
    secrets: [password],
    accepted: () => server.mails.length,
    failNext: (fault) => server.failNext(faults[fault]),
    close: () => server.close(),
  };
}
