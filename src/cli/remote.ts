import { CronflowError } from '../core/model/errors.ts';
import type { Scope } from '../core/model/named-token.ts';
import { readTokens, TOKEN_VARIABLES } from '../http/tokens.ts';
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
  scope?: Extract<Scope, 'read' | 'ping'>;
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

async function exchanged({ io, base }: Server, path: string, question: Question): Promise<Exchanged> {
  const { method = 'GET', scope = 'read', body: sent, statuses } = question;
  const url = addressOf(base, path);
  const tokens = readTokens(io.env);
  const token = tokens[scope][0] ?? tokens.all[0];
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
  };
  try {
    // The library is loaded only here, because `check` and `plan` mostly ask nobody.
    const { request } = await import('undici');
    const {
      statusCode,
      headers: received,
      body,
    } = await request(url, {
      method,
      headers,
      headersTimeout: ANSWER_MS_MAX,
      bodyTimeout: ANSWER_MS_MAX,
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
    const text = await body.text();
    const isAnswer = statuses?.includes(statusCode) ?? (statusCode >= 200 && statusCode < 300);
    if (isAnswer) return { answer: JSON.parse(text) as unknown, cursor: cursorIn(received['link']) };
    throw refused(url, statusCode, text, scope);
  } catch (error) {
    if (error instanceof CronflowError) throw error;
    const { message, code } = error as NodeJS.ErrnoException;
    const why = error instanceof SyntaxError ? 'its answer is not JSON' : message || code || 'no answer';
    throw new CronflowError('unreachable', `No Cronflow can be asked at ${url}: ${why}.`, { cause: error });
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
  return new CronflowError('unreachable', `${url} did not answer as a Cronflow of this version does.`);
}

function addressOf(base: string, path: string): string {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = `"${base}" is not the address of a Cronflow, such as http://127.0.0.1:8000`;
    throw new CronflowError('usage', message);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`;
}

function refused(url: string, statusCode: number, text: string, scope: 'read' | 'ping'): CronflowError {
  const detail = detailOf(text);
  const said = detail ?? text.slice(0, DETAIL_LENGTH_MAX).trim();
  const hint =
    statusCode === 401 || statusCode === 403
      ? ` Set ${TOKEN_VARIABLES[scope]} or ${TOKEN_VARIABLES.all} to a token that may ${scope}.`
      : statusCode === 404 && detail === null
        ? ' Is that a Cronflow of this version?'
        : '';
  const stop = /[.!?]$/.test(said) ? '' : '.';
  return new CronflowError('unreachable', `${url} answered ${statusCode}: ${said}${stop}${hint}`);
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
