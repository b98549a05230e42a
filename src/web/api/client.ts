import { signal } from '@preact/signals';
import type { Fault, OPERATIONS, Operations } from '../../cli/api-types.ts';
import { BASE } from './base.ts';

/**
 * The operations that the dashboard uses, and their paths, which the types hold against the description of the API. The
 * first word of a name is the method.
 */
const PATHS = {
  get_root: '/',
  get_session: '/session',
  get_jobs: '/jobs',
  get_job: '/jobs/{name}',
  post_pause: '/jobs/{name}/pause',
  post_resume: '/jobs/{name}/resume',
  get_runs: '/jobs/{name}/runs',
  get_all_runs: '/runs',
  get_recent_runs: '/runs/recent',
  get_runs_summary: '/runs/summary',
  get_run: '/jobs/{name}/runs/{id}',
  get_output: '/jobs/{name}/runs/{id}/output',
  get_why: '/jobs/{name}/why',
  get_days: '/jobs/{name}/days',
  get_slots: '/slots',
  get_incidents: '/incidents',
  get_incident: '/incidents/{id}',
  post_ack: '/incidents/{id}/ack',
  get_deliveries: '/deliveries',
  get_unknown_pings: '/pings/unknown',
  get_config: '/config',
  get_config_jobs: '/config/jobs',
  get_config_lints: '/config/lints',
  post_reload: '/config/reload',
  post_config_check: '/config/check',
  get_audit: '/audit',
  post_logout: '/logout',
} as const satisfies { readonly [Name in keyof Operations]?: (typeof OPERATIONS)[Name]['path'] };

type Operation = keyof typeof PATHS;
type Part<Name extends Operation, Key extends string> =
  Operations[Name] extends Record<Key, infer Value> ? Value : undefined;

/** What a request asks for, by the types that the description of the API gives. */
export interface Asked<Name extends Operation> {
  params?: Part<Name, 'params'>;
  query?: Partial<Part<Name, 'query'>>;
  body?: Part<Name, 'body'>;
  signal?: AbortSignal;
}

export interface Answer<Body> {
  body: Body;
  headers: Headers;
  /** The query of the next page of a list; null at its end. */
  next: string | null;
  /** The number of all items of a list; null where the list does not say it. */
  total: number | null;
}

/** An answer that is no success. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: readonly Fault[];

  constructor(status: number, code: string, detail: string, faults: readonly Fault[] = []) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.faults = faults;
  }
}

/** True once the session has ended, so that a login is needed. */
export const isLoginNeeded = signal(false);

/**
 * Sends a request of the API.
 * @throws ApiError for an answer that is no success; TypeError where no answer came
 */
export async function ask<Name extends Operation>(
  name: Name,
  asked: Asked<Name> = {},
): Promise<Answer<Operations[Name]['answer']>> {
  return send(name.startsWith('post') ? 'POST' : 'GET', addressOf(name, asked), asked);
}

/** Asks for the next page of a list, by the query that the answer before has. */
export async function askNext<Name extends Operation>(
  name: Name,
  next: string,
  params?: Part<Name, 'params'>,
): Promise<Answer<Operations[Name]['answer']>> {
  return send('GET', `${BASE}${pathOf(name, params)}${next}`, {});
}

function pathOf(name: Operation, params: unknown): string {
  const values = (params ?? {}) as Record<string, string>;
  return PATHS[name].replaceAll(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(values[key] ?? ''));
}

function addressOf<Name extends Operation>(name: Name, { params, query }: Asked<Name>): string {
  const path = pathOf(name, params);
  // A parameter that may be given several times is an array.
  type Value = string | number | boolean | undefined;
  const given = Object.entries((query ?? {}) as Record<string, Value | Value[]>).flatMap(([key, value]) =>
    [value].flat().map((each): [string, string] => [key, String(each ?? '')]),
  );
  const text = new URLSearchParams(given.filter(([, value]) => value !== '')).toString();
  return `${BASE}${path}${text === '' ? '' : `?${text}`}`;
}

async function send<Body>(
  method: string,
  address: string,
  { body, signal: aborted }: { body?: unknown; signal?: AbortSignal },
): Promise<Answer<Body>> {
  const response = await fetch(address, {
    method,
    headers: {
      Accept: 'application/json, text/plain',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(aborted === undefined ? {} : { signal: aborted }),
  });
  if (!response.ok) throw await errorOf(response);
  const isJson = /\bjson\b/.test(response.headers.get('Content-Type') ?? '');
  const text = await response.text();
  const total = response.headers.get('X-Total-Count');
  return {
    body: (isJson ? JSON.parse(text) : text) as Body,
    headers: response.headers,
    next: /<[^>]*(\?[^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1] ?? null,
    total: total === null ? null : Number(total),
  };
}

async function errorOf(response: Response): Promise<ApiError> {
  if (response.status === 401) isLoginNeeded.value = true;
  try {
    const {
      code = '',
      detail = '',
      errors,
    } = (await response.json()) as {
      code?: string;
      detail?: string;
      errors?: Fault[];
    };
    return new ApiError(response.status, code, detail, errors);
  } catch {
    return new ApiError(response.status, '', `Cronflow answered ${response.status}.`);
  }
}
