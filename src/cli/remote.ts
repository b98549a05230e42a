import { request } from 'undici';
import { CronflowError } from '../core/errors.ts';
import { readTokens } from '../http/tokens.ts';
import type { Io } from './io.ts';

const ANSWER_MS_MAX = 30_000;
const DETAIL_LENGTH_MAX = 500;

/**
 * Asks a running Cronflow for JSON.
 * @param base its address, such as `http://127.0.0.1:8000`
 * @param path such as `/config/jobs`
 * @throws CronflowError `unreachable` when there is no answer, or none that can be used; it says what to do
 */
export async function getJson(io: Io, base: string, path: string): Promise<unknown> {
  const url = addressOf(base, path);
  const { all, read } = readTokens(io.env);
  const token = read[0] ?? all[0];
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  try {
    const options = { headers, headersTimeout: ANSWER_MS_MAX, bodyTimeout: ANSWER_MS_MAX };
    const { statusCode, body } = await request(url, options);
    const text = await body.text();
    if (statusCode === 200) return JSON.parse(text) as unknown;
    throw refused(url, statusCode, text);
  } catch (error) {
    if (error instanceof CronflowError) throw error;
    const { message, code } = error as NodeJS.ErrnoException;
    const why = error instanceof SyntaxError ? 'its answer is not JSON' : message || code || 'no answer';
    throw new CronflowError('unreachable', `No Cronflow can be asked at ${url}: ${why}.`, { cause: error });
  }
}

function addressOf(base: string, path: string): string {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = `"${base}" is not the address of a Cronflow, such as http://127.0.0.1:8000`;
    throw new CronflowError('usage', message);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`;
}

function refused(url: string, statusCode: number, text: string): CronflowError {
  const hint =
    statusCode === 401 || statusCode === 403
      ? ' Set CRONFLOW_READ_TOKEN or CRONFLOW_TOKEN to a token that may read.'
      : statusCode === 404
        ? ' Is it a Cronflow, and not an older one?'
        : '';
  return new CronflowError(
    'unreachable',
    `${url} answered ${statusCode}: ${text.slice(0, DETAIL_LENGTH_MAX).trim()}.${hint}`,
  );
}
