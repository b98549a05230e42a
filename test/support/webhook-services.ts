import type { WebhookAnswer, WebhookRequest } from './webhook-server.ts';

/**
 * The servers of this file answer a post as chat services do, with the limits that these document. Each takes one
 * address, whose secret part is `SERVICE_TOKEN`.
 */
export const SERVICE_TOKEN = 'XsecretXserviceXtokenX';

export interface ChatService {
  /** The path and query of the address to which one posts. */
  readonly path: string;
  readonly judge: (request: WebhookRequest) => WebhookAnswer;
  /** Returns what people read of an accepted post: its texts without markup, joined. */
  readonly readable: (request: WebhookRequest) => string;
  /** Lists the texts in which the service would find mentions, as they were sent. */
  readonly mentionable: (request: WebhookRequest) => string[];
}

type Json = Record<string, unknown>;

function json(body: unknown, status = 200): WebhookAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function parse({ headers, body }: WebhookRequest): Json | null {
  if (headers['content-type']?.startsWith('application/json') !== true) return null;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Json) : null;
  } catch {
    return null;
  }
}

function isText(value: unknown, max: number, min = 0): boolean {
  return typeof value === 'string' && value.length <= max && value.trim().length >= min;
}

interface Embed {
  title?: string;
  description?: string;
  fields?: { name: string; value: string }[];
}

/** Stands in for Discord: "Webhook Resource, Execute Webhook" and "Message Resource, Embed Limits". */
export const discordService: ChatService = {
  path: `/api/webhooks/1234/${SERVICE_TOKEN}`,
  judge(request) {
    const [path, query = ''] = request.path.split('?');
    if (path !== discordService.path) return json({ message: 'Unknown Webhook', code: 10_015 }, 404);
    const payload = parse(request);
    if (payload === null)
      return json({ message: 'The request body contains invalid JSON.', code: 50_109 }, 400);
    const { content = '', embeds = [], allowed_mentions: allowed } = payload as { embeds?: Embed[] } & Json;
    const isEmpty = content === '' && embeds.length === 0;
    const parsesNothing = JSON.stringify(allowed) === '{"parse":[]}';
    if (isEmpty || !isText(content, 2_000) || embeds.length > 10 || !areEmbeds(embeds) || !parsesNothing) {
      return json({ message: 'Invalid Form Body', code: 50_035 }, 400);
    }
    return query.includes('wait=true') ? json({ id: '99' }) : { status: 204 };
  },
  readable: (request) =>
    embedTexts(request)
      .join('\n')
      .replace(/\\([^\w\s])/g, '$1'),
  // Text in a block of code is shown as it is.
  mentionable: (request) => embedTexts(request).map((text) => text.replace(/```\n[^]*?\n```/g, '')),
};

function areEmbeds(embeds: readonly Embed[]): boolean {
  const ok = embeds.every(({ title = 'x', description = 'x', fields = [] }) => {
    if (!isText(title, 256, 1) || !isText(description, 4_096, 1) || fields.length > 25) return false;
    return fields.every(({ name, value }) => isText(name, 256, 1) && isText(value, 1_024, 1));
  });
  return ok && embeds.flatMap(textsOfEmbed).join('').length <= 6_000;
}

function textsOfEmbed({ title = '', description = '', fields = [] }: Embed): string[] {
  return [title, description, ...fields.flatMap(({ name, value }) => [name, value])];
}

function embedTexts(request: WebhookRequest): string[] {
  return (JSON.parse(request.body) as { embeds: Embed[] }).embeds.flatMap(textsOfEmbed);
}

/** Stands in for the Telegram Bot API: sendMessage, "Formatting options, HTML style", "Making requests". */
export const telegramService: ChatService = {
  path: `/bot1234:${SERVICE_TOKEN}/sendMessage`,
  judge(request) {
    const refuse = (status: number, description: string): WebhookAnswer =>
      json({ ok: false, error_code: status, description }, status);
    if (request.path !== telegramService.path) return refuse(404, 'Not Found');
    const payload = parse(request);
    if (payload === null) return refuse(400, 'Bad Request: message text is empty');
    const { chat_id: chat, text, parse_mode: mode } = payload;
    if (chat !== -100_1234 && chat !== '@backups') return refuse(400, 'Bad Request: chat not found');
    if (typeof text !== 'string' || text.trim() === '')
      return refuse(400, 'Bad Request: message text is empty');
    const plain = mode === 'HTML' ? plainOfHtml(text) : text;
    if (plain === null) return refuse(400, "Bad Request: can't parse entities: unsupported start tag");
    if (plain.length > 4_096) return refuse(400, 'Bad Request: message is too long');
    return json({ ok: true, result: { message_id: 7 } });
  },
  readable: (request) => plainOfHtml(telegramText(request)) ?? telegramText(request),
  // Telegram looks for names everywhere but in code.
  mentionable: (request) => [telegramText(request).replace(/<pre>[^]*?<\/pre>/g, '')],
};

function telegramText({ body }: WebhookRequest): string {
  return (JSON.parse(body) as { text: string }).text;
}

/** Returns the text of Telegram's HTML, or null where a tag is unknown or not closed, or an entity is none. */
function plainOfHtml(html: string): string | null {
  const open: string[] = [];
  for (const [, close, name = '', attributes = ''] of html.matchAll(/<(\/?)(\w*)([^>]*)>/g)) {
    if (!['b', 'i', 'code', 'pre', 'a'].includes(name)) return null;
    if (close === '/' ? open.pop() !== name : !/^( href="[^"<>]*")?$/.test(attributes)) return null;
    if (close === '') open.push(name);
  }
  const text = html.replace(/<\/?\w+[^>]*>/g, '');
  if (open.length > 0 || /[<>]/.test(text) || /&(?!(?:lt|gt|amp|quot);)/.test(text)) return null;
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

interface CardElement {
  type: string;
  inlines?: { type: string; text: string }[];
}

/** Stands in for Microsoft Teams: a workflow "When a Teams webhook request is received", 28 kB; Adaptive Cards 1.4. */
export const teamsService: ChatService = {
  path: `/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=1&sig=${SERVICE_TOKEN}`,
  judge(request) {
    if (request.path !== teamsService.path) return teamsError(401, 'DirectApiAuthorizationRequired');
    if (Buffer.byteLength(request.body) > 28_000) return teamsError(413, 'RequestEntityTooLarge');
    const card = cardOf(request);
    if (card === null || card.body.length === 0) return teamsError(400, 'TriggerInputSchemaMismatch');
    const ok = card.body.every(
      ({ type, inlines = [] }) =>
        type === 'RichTextBlock' &&
        inlines.length > 0 &&
        inlines.every((run) => run.type === 'TextRun' && typeof run.text === 'string' && run.text !== ''),
    );
    const actionsOk = card.actions.every(
      ({ type, url }) => type === 'Action.OpenUrl' && /^https?:/.test(url),
    );
    return ok && actionsOk && card.actions.length <= 6 ? { status: 202 } : teamsError(400, 'BadCard');
  },
  readable: (request) => runsOf(request).join('\n').replaceAll('\u00a0', ' '),
  // Text runs know no markup, and without an entity there is no mention.
  mentionable: (request) => (request.body.includes('"entities"') ? runsOf(request) : []),
};

function teamsError(status: number, code: string): WebhookAnswer {
  return json({ error: { code } }, status);
}

interface Card {
  body: CardElement[];
  actions: { type: string; url: string }[];
}

function cardOf(request: WebhookRequest): Card | null {
  const payload = parse(request) as {
    type?: string;
    attachments?: { contentType: string; content: Card }[];
  } | null;
  const [attachment] = payload?.attachments ?? [];
  if (payload?.type !== 'message' || attachment === undefined) return null;
  if (attachment.contentType !== 'application/vnd.microsoft.card.adaptive') return null;
  const { body = [], actions = [] } = attachment.content as Partial<Card>;
  return { body, actions };
}

function runsOf(request: WebhookRequest): string[] {
  return (cardOf(request)?.body ?? []).map(({ inlines = [] }) => inlines.map(({ text }) => text).join(''));
}

/**
 * Stands in for ntfy: "Publish as JSON" and "Limitations". Longer messages would become attachments, which this service
 * does not take.
 */
export const ntfyService: ChatService = {
  path: `/${SERVICE_TOKEN}`,
  judge(request) {
    const refuse = (status: number, code: number, error: string): WebhookAnswer =>
      json({ code, http: status, error }, status);
    if (Buffer.byteLength(request.body) > 8_192) return refuse(413, 41_301, 'attachment too large');
    const payload = request.path === '/' ? parse(request) : null;
    if (payload?.['topic'] !== SERVICE_TOKEN) return refuse(400, 40_009, 'invalid request: topic invalid');
    const { message, title, priority, tags } = payload;
    if (typeof message !== 'string' || Buffer.byteLength(message) > 4_096) {
      return refuse(400, 40_014, 'invalid request: attachments not allowed');
    }
    const fine = typeof title === 'string' && Number.isInteger(priority) && Array.isArray(tags);
    return fine ? json({ id: 'abc', event: 'message' }) : refuse(400, 40_007, 'invalid request');
  },
  readable(request) {
    const { title, message } = JSON.parse(request.body) as { title: string; message: string };
    return `${title}\n${message}`;
  },
  // ntfy has nobody to mention.
  mentionable: () => [],
};
