import { cleanLine } from '../message/clean.ts';
import type { SendResult } from '../notifier.ts';
import { type HttpAnswer, resultOf, RETRY_AFTER_MS_DEFAULT, retryAfterMs } from '../transport/http-answer.ts';

/** The place of a message, for replies to it and edits of it. A receipt holds this. */
export interface MessagePlace {
  /** The id of the channel. */
  channel: string;
  ts: string;
}

/** An answer of Slack's Web API, which reports errors with HTTP 200, too. */
export type ApiAnswer =
  { ok: true; place: MessagePlace | null } | { ok: false; error: string; result: SendResult };

/** Errors that plain text may avoid, because Slack dislikes something in the blocks or finds them too long. */
const BLOCK_ERRORS = new Set([
  'invalid_payload',
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_arguments',
  'msg_blocks_too_long',
]);

/** Errors of the Web API that pass by themselves ("Errors" of its methods). */
const PASSING_ERRORS = new Set([
  'external_channel_migrating',
  'fatal_error',
  'internal_error',
  'message_limit_exceeded',
  'org_login_required',
  'rate_limited',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
  'update_failed',
]);

/**
 * Errors that say that the message does not exist, or takes no replies. Then the reply is posted as a message of its
 * own.
 */
const THREAD_ERRORS = new Set([
  'cannot_reply_to_message',
  'channel_not_found',
  'invalid_thread_ts',
  'is_archived',
  'message_not_found',
  'not_in_channel',
  'restricted_action_non_threadable_channel',
  'thread_not_found',
]);

const RATE_ERRORS = new Set(['rate_limited', 'ratelimited']);
const ERROR_LENGTH_MAX = 100;

const TOKEN = 'copy the Bot User OAuth Token of the app (xoxb-...) into bot_token';
const REINSTALL = `install the app to the workspace again and ${TOKEN}`;
const WEBHOOK = 'add a new webhook in the settings of the app and put its address into webhook_url';
const ADMIN = 'ask an administrator of the workspace to let the app post there';
const REPORT = 'please report this to the authors of Cronflow';

/** Advice for errors that stay until somebody does something. */
const ADVICE: Readonly<Record<string, string>> = {
  not_authed: TOKEN,
  invalid_auth: TOKEN,
  not_allowed_token_type: TOKEN,
  token_expired: REINSTALL,
  token_revoked: REINSTALL,
  account_inactive: REINSTALL,
  missing_scope: `add the scope chat:write to the app, ${REINSTALL}`,
  not_in_channel: 'invite the app to the channel: /invite @its-name',
  channel_not_found:
    'correct the name, or, if the channel is private, invite the app to it: /invite @its-name',
  is_archived: 'unarchive the channel or name another',
  channel_is_archived: 'unarchive the channel, or add a webhook for another',
  no_service: WEBHOOK,
  no_active_hooks: WEBHOOK,
  invalid_token: WEBHOOK,
  no_team: WEBHOOK,
  team_disabled: WEBHOOK,
  restricted_action: ADMIN,
  restricted_action_read_only_channel: ADMIN,
  restricted_action_thread_only_channel: ADMIN,
  action_prohibited: ADMIN,
  posting_to_general_channel_denied: ADMIN,
  ekm_access_denied: ADMIN,
  access_denied: ADMIN,
  accesslimited: ADMIN,
  no_permission: ADMIN,
  team_access_not_granted: ADMIN,
  unknown_method: 'correct api_url: it ends in /api',
  invalid_payload: REPORT,
  invalid_blocks: REPORT,
  invalid_blocks_format: REPORT,
  invalid_arguments: REPORT,
  msg_blocks_too_long: REPORT,
  msg_too_long: REPORT,
  no_text: REPORT,
};

/** Tells by the answer of a webhook whether the same message without blocks may be taken. */
export function isAboutBlocks(answer: HttpAnswer): boolean {
  return answer.status === 400 && BLOCK_ERRORS.has(answer.body.trim());
}

/** Tells by an answer of the Web API whether the same message without blocks may be taken. */
export function refusesBlocks(answer: ApiAnswer): boolean {
  return !answer.ok && BLOCK_ERRORS.has(answer.error);
}

/** Tells whether the message that was to be replied to, or edited, is out of reach. */
export function isThreadGone(answer: ApiAnswer): boolean {
  return !answer.ok && THREAD_ERRORS.has(answer.error);
}

/** Reads the answer of a webhook, and adds advice where only a person can help. */
export function webhookResultOf(answer: HttpAnswer, nowAt: number): SendResult {
  const result = resultOf('Slack', answer, nowAt);
  return result.result === 'permanent'
    ? { ...result, detail: advised(result.detail, answer.body.trim()) }
    : result;
}

/**
 * Reads an answer of the Web API. An error that is not documented is taken for one that stays until somebody changes
 * something, like those of other receivers.
 * @param nowAt for a `Retry-After` that is a date
 */
export function apiAnswerOf(answer: HttpAnswer, nowAt: number): ApiAnswer {
  const { status, body, retryAfter } = answer;
  const said = parsed(body);
  if (said?.['ok'] === true) return { ok: true, place: placeIn(said) };
  const error = said?.['error'];
  if (typeof error !== 'string') return { ok: false, error: '', result: foreignResultOf(answer, nowAt) };
  const shown = cleanLine(error, ERROR_LENGTH_MAX);
  const detail = `Slack answered ${shown}`;
  if (!PASSING_ERRORS.has(error) && status < 500 && status !== 429) {
    return { ok: false, error, result: { result: 'permanent', detail: advised(detail, error) } };
  }
  const isRate = status === 429 || RATE_ERRORS.has(error);
  const afterMs = retryAfterMs(retryAfter, nowAt) ?? (isRate ? RETRY_AFTER_MS_DEFAULT : null);
  const result: SendResult = { result: 'retry', detail, ...(afterMs === null ? {} : { afterMs }) };
  return { ok: false, error, result };
}

/** Reads an answer that is not from the Web API: the page of a proxy, or an outage of what stands before the API. */
function foreignResultOf(answer: HttpAnswer, nowAt: number): SendResult {
  const result = resultOf('Slack', answer, nowAt);
  if (result.result !== 'ok') return result;
  return { result: 'retry', detail: `Slack answered ${answer.status} with something that is not its own` };
}

function advised(detail: string, error: string): string {
  const advice = Object.hasOwn(ADVICE, error) ? ADVICE[error] : undefined;
  return advice === undefined ? detail : `${detail}: ${advice}`;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function placeIn({ channel, ts }: Record<string, unknown>): MessagePlace | null {
  if (typeof channel !== 'string' || !/^[A-Z0-9]{2,40}$/.test(channel)) return null;
  return typeof ts === 'string' && /^\d{1,20}\.\d{1,20}$/.test(ts) ? { channel, ts } : null;
}

/** Writes a place as a receipt, which `messagePlaceOf` reads. */
export function receiptOf({ channel, ts }: MessagePlace): string {
  return JSON.stringify({ channel, ts });
}

/** Reads a place from a receipt; null where the receipt is lost, or was left by a notifier of another kind. */
export function messagePlaceOf(receipt: string): MessagePlace | null {
  const said = parsed(receipt);
  return said === null ? null : placeIn(said);
}
