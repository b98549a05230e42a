import {
  startWebhookServer,
  type WebhookAnswer,
  type WebhookRequest,
  type WebhookServer,
} from './webhook-server.ts';

/**
 * Stands in for the Events API v2 of PagerDuty and enforces its documentation ("Send an Alert Event", "Size Limits"):
 * required fields, severities, lengths, one open alert for each key.
 */
export interface PagerDutyServer extends WebhookServer {
  /** The address for the `url` of the notifier. */
  readonly url: string;
  readonly routingKey: string;
  /** The alerts in the order in which they were opened. */
  readonly alerts: readonly PagerDutyAlert[];
}

export interface PagerDutyAlert {
  dedupKey: string;
  status: 'triggered' | 'resolved';
  /** The payloads of the triggers, of which the first opened the alert. */
  triggers: TriggerPayload[];
  links: { href: string; text?: string }[];
}

export interface TriggerPayload {
  summary: string;
  severity: string;
  source: string;
  timestamp?: string;
  component?: string;
  group?: string;
  class?: string;
  custom_details?: Record<string, unknown>;
}

interface Event {
  routing_key?: unknown;
  event_action?: unknown;
  dedup_key?: unknown;
  client_url?: unknown;
  links?: unknown;
  payload?: Partial<Record<keyof TriggerPayload, unknown>>;
}

const ROUTING_KEY = 'XsecretXroutingXkeyXof32charsXXX';
const EVENT_BYTES_MAX = 512 * 1024;
const SEVERITIES = new Set<unknown>(['critical', 'error', 'warning', 'info']);

export async function startPagerDutyServer(): Promise<PagerDutyServer> {
  const alerts: PagerDutyAlert[] = [];
  const server = await startWebhookServer((request) => judge(request, alerts));
  return Object.assign(server, { url: `${server.origin}/v2/enqueue`, routingKey: ROUTING_KEY, alerts });
}

function judge({ method, path, body }: WebhookRequest, alerts: PagerDutyAlert[]): WebhookAnswer {
  if (path !== '/v2/enqueue') return answer(404, { status: 'not found', message: 'Not Found' });
  if (method !== 'POST') return answer(405, { status: 'method not allowed', message: 'POST only' });
  if (Buffer.byteLength(body) > EVENT_BYTES_MAX) return answer(413, { message: 'Payload too large' });
  const event = parsed(body);
  if (event === null) {
    const message = 'Event object format is unrecognized';
    return answer(400, { status: 'Unrecognized object', message, errors: ['JSON parse error'] });
  }
  const errors = errorsIn(event);
  if (errors.length > 0) {
    return answer(400, { status: 'invalid event', message: 'Event object is invalid', errors });
  }
  apply(event, alerts);
  return answer(202, { status: 'success', message: 'Event processed', dedup_key: event.dedup_key });
}

function answer(status: number, body: object): WebhookAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function parsed(body: string): Event | null {
  try {
    const event: unknown = JSON.parse(body);
    return typeof event === 'object' && event !== null ? event : null;
  } catch {
    return null;
  }
}

function errorsIn({
  routing_key: key,
  event_action: action,
  dedup_key: dedupKey,
  payload,
  links,
}: Event): string[] {
  const errors: string[] = [];
  if (typeof key !== 'string' || key.length !== 32) {
    errors.push("Length of 'routing_key' is incorrect (should be 32 characters)");
  } else if (key !== ROUTING_KEY) errors.push(`Invalid routing key ${key}`);
  if (!['trigger', 'acknowledge', 'resolve'].includes(String(action)))
    errors.push("'event_action' is invalid");
  if (dedupKey !== undefined && (typeof dedupKey !== 'string' || dedupKey.length > 255)) {
    errors.push("'dedup_key' is too long (maximum is 255 characters)");
  }
  if (action !== 'trigger') {
    if (dedupKey === undefined || dedupKey === '') errors.push("'dedup_key' is missing or blank");
    return errors;
  }
  if (payload === undefined) return [...errors, "'payload' is missing or blank"];
  for (const name of ['summary', 'source', 'severity'] as const) {
    if (typeof payload[name] !== 'string' || payload[name] === '') {
      errors.push(`'payload.${name}' is missing or blank`);
    }
  }
  if (String(payload.summary).length > 1_024) {
    errors.push("'payload.summary' is too long (maximum is 1024 characters)");
  }
  if (!SEVERITIES.has(payload.severity)) errors.push("'payload.severity' is invalid");
  const { timestamp, custom_details: details } = payload;
  if (timestamp !== undefined && !(typeof timestamp === 'string' && Date.parse(timestamp) > 0)) {
    errors.push("'payload.timestamp' is invalid");
  }
  if (details !== undefined && (typeof details !== 'object' || Array.isArray(details))) {
    errors.push("'payload.custom_details' is not an object");
  }
  if (links !== undefined && !(Array.isArray(links) && links.every(isLink)))
    errors.push("'links' is invalid");
  return errors;
}

function isLink(link: unknown): boolean {
  const { href } = link as { href?: unknown };
  return typeof href === 'string' && URL.canParse(href);
}

/**
 * Applies an event. PagerDuty says: "Any further events with the same key create a new alert, or are dropped, once it
 * is resolved."
 */
function apply(event: Event, alerts: PagerDutyAlert[]): void {
  const dedupKey = String(event.dedup_key);
  const open = alerts.find((alert) => alert.dedupKey === dedupKey && alert.status === 'triggered');
  if (event.event_action === 'resolve') {
    if (open !== undefined) open.status = 'resolved';
    return;
  }
  const payload = event.payload as TriggerPayload;
  const links = (event.links ?? []) as PagerDutyAlert['links'];
  if (open === undefined) alerts.push({ dedupKey, status: 'triggered', triggers: [payload], links });
  else open.triggers.push(payload);
}
