import { CronflowError, errorText } from '../core/model/errors.ts';
import type { Scope } from '../core/model/named-token.ts';
import { readTokens, TOKEN_VARIABLES } from '../http/access/tokens.ts';
import { OPERATIONS, type Operations } from './api-types.ts';
import type { Io } from './io.ts';

const ANSWER_MS_MAX = 30_000;
const DETAIL_LENGTH_MAX = 500;

/** Options of commands that need a running Cronflow. */
export const SERVER_OPTIONS = {
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The line about `--url` in the help of these commands. */
export const URL_HELP = `  --url URL        the running Cronflow (CRONFLOW_URL; default: http://127.0.0.1:8000, or the port of CRONFLOW_PORT)`;

/** The details of a request. */
interface Question {
  method?: 'GET' | 'POST';
  /** The scope that the token must have. */
  scope?: Scope;
  /** The body, which is sent as JSON. */
  body?: unknown;
  /** The status codes of usable answers; any 2xx unless given. */
  statuses?: readonly number[];
}

/** A running Cronflow, with the world that holds its tokens. */
export interface Server {
  io: Io;
  /** Its address, such as `http://127.0.0.1:8000`. */
  base: string;
}

/**
 * Returns the running Cronflow at `--url`, at `CRONFLOW_URL`, or at the default address on this machine.
 * @throws CronflowError `usage` for text that is no address
 */
export function serverOf(io: Io, flag: string | undefined): Server {
  const here = `http://127.0.0.1:${io.env['CRONFLOW_PORT'] || '8000'}`;
  const base = flag ?? (io.env['CRONFLOW_URL'] || here);
  addressOf(base, '/');
  return { io, base };
}

/**
 * Asks a running Cronflow.
 * @param path such as `/config/jobs`
 * @returns the answer, read as JSON
 * @throws CronflowError `unreachable` when there is no answer, or none that can be used; its message says what to do
 */
export async function ask(server: Server, path: string, question: Question = {}): Promise<unknown> {
  return (await exchanged(server, path, question)).answer;
}

/** What came back: the answer, and the cursor of the next page of a list. */
interface Exchanged {
  answer: unknown;
  cursor: string | null;
}

async function exchanged(server: Server, path: string, question: Question): Promise<Exchanged> {
  const { url, text, headers } = await told(server, path, question, 'application/json');
  try {
    return { answer: JSON.parse(text) as unknown, cursor: cursorIn(headers['link']) };
  } catch (error) {
    throw unreachable(url, 'its answer is not JSON', error);
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Asks a running Cronflow for a text that is no JSON; see `ask`. */
export async function askText(server: Server, path: string): Promise<{ text: string; headers: Headers }> {
  return told(server, path, {}, 'text/plain');
}

/** Sends a request and reads the whole answer. */
async function told(
  server: Server,
  path: string,
  question: Question,
  accept: string,
): Promise<{ url: string; text: string; headers: Headers }> {
  const { scope = 'read', statuses } = question;
  const url = addressOf(server.base, path);
  const { statusCode, headers, body } = await opened(server, path, question, { accept });
  const text = await body.text().catch((error: unknown) => {
    throw unreachable(url, errorText(error), error);
  });
  const isAnswer = statuses?.includes(statusCode) ?? (statusCode >= 200 && statusCode < 300);
  if (!isAnswer) throw refused(url, statusCode, text, scope);
  return { url, text, headers };
}

/** Sends a request and returns the answer with its body unread. */
async function opened(
  { io, base }: Server,
  path: string,
  { method = 'GET', scope = 'read', body: sent }: Question,
  { accept, ...more }: { accept: string; bodyTimeout?: number; signal?: AbortSignal; lastId?: string },
) {
  const url = addressOf(base, path);
  const tokens = readTokens(io.env);
  const token = tokens[scope][0] ?? tokens.all[0];
  const headers = {
    accept,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    ...(more.lastId ? { 'last-event-id': more.lastId } : {}),
  };
  try {
    // The library is loaded only here, because `check` and `plan` mostly ask nobody.
    const { request } = await import('undici');
    return await request(url, {
      method,
      headers,
      headersTimeout: ANSWER_MS_MAX,
      bodyTimeout: more.bodyTimeout ?? ANSWER_MS_MAX,
      ...(more.signal === undefined ? {} : { signal: more.signal }),
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
  } catch (error) {
    throw unreachable(url, whyUnreached(error as NodeJS.ErrnoException), error);
  }
}

function whyUnreached({ message, code }: NodeJS.ErrnoException): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return `it does not speak TLS. Write http:// for it`;
  return `${message.trim() || code || 'no answer'}. ${TO_BE_REACHED}`;
}

const TO_BE_REACHED = 'Start it with cronflow serve, or name the right one by --url or CRONFLOW_URL';

function unreachable(url: string, why: string, cause: unknown): CronflowError {
  return new CronflowError('unreachable', `No Cronflow can be asked at ${url}: ${why}.`, { cause });
}

/** A server sends a comment every 15 s. One that has sent nothing for so long is lost. */
const SILENT_MS_MAX = 40_000;

/**
 * Listens to `GET /events` of a running Cronflow. The first thing told is that the connection stands, with no id.
 * @param path the path with its query
 * @param lastId the id of the last event that was heard; empty for none
 * @returns the ids of events as they come; it ends when the server ends it, or with the signal
 * @throws CronflowError `unreachable` where the connection breaks
 */
export async function* listenTo(
  server: Server,
  path: string,
  { lastId, signal }: { lastId: string; signal: AbortSignal },
): AsyncGenerator<string> {
  const url = addressOf(server.base, path);
  const options = { accept: 'text/event-stream', bodyTimeout: SILENT_MS_MAX, signal, lastId };
  const { statusCode, body } = await opened(server, path, {}, options);
  if (statusCode !== 200) throw refused(url, statusCode, await body.text(), 'read');
  yield '';
  let rest = '';
  try {
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('id: ')) yield line.slice('id: '.length);
    }
  } catch (error) {
    throw unreachable(url, errorText(error), error);
  }
}

/** Finds the cursor of the next page in a `Link` header. */
function cursorIn(link: string | string[] | undefined): string | null {
  const address = /<([^>]*)>; *rel="next"/.exec([link].flat().join(', '))?.[1];
  return address === undefined ? null : new URL(address, 'http://cronflow').searchParams.get('cursor');
}

/** The most items that one answer may hold. */
const PAGE = 1_000;

/**
 * Asks for a whole list, page by page. Where the answer names its next page, that is asked for, because it stays right
 * while items come and go.
 * @param query the parameters besides the page
 * @param limit the most items to ask for
 */
export async function askAll(
  server: Server,
  path: string,
  query: Readonly<Record<string, string>>,
  limit = Infinity,
): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let from: Record<string, string> = {}; all.length < limit;) {
    const size = Math.min(PAGE, limit - all.length);
    const search = new URLSearchParams({ ...query, ...from, limit: String(size) });
    const { answer: page, cursor } = await exchanged(server, `${path}?${search.toString()}`, {});
    if (!Array.isArray(page)) throw strange(addressOf(server.base, path));
    all.push(...(page as unknown[]));
    if (cursor === null && page.length < size) break;
    from = cursor === null ? { skip: String(all.length) } : { cursor };
  }
  return all;
}

type OperationId = keyof Operations;
type Answer<Id extends OperationId> = Operations[Id]['answer'];
/** What an operation takes. Its query may be left out, for no parameter of a query is required. */
type Given<Id extends OperationId> = Pick<Operations[Id], Extract<keyof Operations[Id], 'params' | 'body'>> &
  (Operations[Id] extends { query: infer Query } ? { query?: Query } : object);
/** The operations that answer a list, page by page. */
type ListId = {
  [Id in OperationId]: Operations[Id] extends { query: { limit?: number }; answer: unknown[] } ? Id : never;
}[OperationId];

/** The parts of what any operation takes. */
interface AnyGiven {
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
}

/** Asks a running Cronflow for one of the operations of its API; see `ask`. */
export async function call<Id extends OperationId>(
  server: Server,
  id: Id,
  given: Given<Id>,
  question: Pick<Question, 'scope' | 'statuses'> = {},
): Promise<Answer<Id>> {
  const { params, query, body } = given as AnyGiven;
  const search = new URLSearchParams(texts(query)).toString();
  const path = `${pathOf(id, params)}${search === '' ? '' : `?${search}`}`;
  const { method } = OPERATIONS[id];
  if (method !== 'GET' && method !== 'POST') throw new Error(`No command sends ${method}.`);
  return (await ask(server, path, { method, body, ...question })) as Answer<Id>;
}

/** Asks for a whole list, page by page; see `askAll`. */
export async function callAll<Id extends ListId>(
  server: Server,
  id: Id,
  given: Given<Id>,
  limit = Infinity,
): Promise<Answer<Id>> {
  const { params, query } = given as AnyGiven;
  return (await askAll(server, pathOf(id, params), texts(query), limit)) as Answer<Id>;
}

function pathOf(id: OperationId, params: Readonly<Record<string, string>> = {}): string {
  return OPERATIONS[id].path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(params[key] ?? ''),
  );
}

function texts(query: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, String(value)]));
}

/** Returns the error for an answer that no Cronflow of this version gives. */
export function strange(url: string): CronflowError {
  return new CronflowError(
    'unreachable',
    `${url} did not answer as a Cronflow of this version does. Name the right address by --url or CRONFLOW_URL, or use the command of the version that runs there.`,
  );
}

function addressOf(base: string, path: string): string {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = `"${base}" is not the address of a Cronflow, such as http://127.0.0.1:8000`;
    throw new CronflowError('usage', message);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`;
}

function refused(url: string, statusCode: number, text: string, scope: Scope): CronflowError {
  const detail = detailOf(text);
  const said = detail ?? text.slice(0, DETAIL_LENGTH_MAX).trim();
  const hint =
    statusCode === 401 || statusCode === 403
      ? tokenHint(scope)
      : statusCode === 404 && detail === null
        ? ' Is that a Cronflow of this version?'
        : '';
  const stop = /[.!?]$/.test(said) ? '' : '.';
  return new CronflowError('unreachable', `${url} answered ${statusCode}: ${said}${stop}${hint}`);
}

function tokenHint(scope: Scope): string {
  if (scope === 'all') return ` Set ${TOKEN_VARIABLES.all} to a token that may change jobs.`;
  return ` Set ${TOKEN_VARIABLES[scope]} or ${TOKEN_VARIABLES.all} to a token that may ${scope}.`;
}

/** Returns the detail of an error of Cronflow's own, with what was wrong; null where the text is no such error. */
function detailOf(text: string): string | null {
  try {
    const problem = JSON.parse(text) as Partial<
      Record<'type' | 'detail' | 'code' | 'errors', unknown>
    > | null;
    const isOurs = typeof problem?.type === 'string' && problem.type.startsWith('urn:cronflow:error:');
    if (!isOurs || typeof problem.detail !== 'string') return null;
    // Only here does the detail say too little to mend it.
    if (problem.code !== 'invalid' || !Array.isArray(problem.errors)) return problem.detail;
    const faults = problem.errors as readonly { path?: string; message?: string }[];
    return [problem.detail, ...faults.map(({ path, message }) => `${path}: ${message}.`)].join(' ');
  } catch {
    return null;
  }
}
