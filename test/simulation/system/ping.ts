import type { Ping } from '../../../src/core/model/records.ts';
import { HTTP_LIMITS } from '../../../src/http/limits.ts';
import { pingOf } from '../../../src/http/ping.ts';
import type { ScriptedPing } from '../script.ts';

/** Returns a scripted ping as the server understands the request that a client makes of it. */
export function parsedPing(sent: ScriptedPing, receivedAt: number): Ping {
  const { kind, output, ...parameters } = sent;
  const query = Object.entries(parameters).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const parsed = pingOf({
    kind,
    query: query.join('&'),
    isJson: false,
    body: null,
    received_at: receivedAt,
    limits: HTTP_LIMITS,
  });
  return { ...parsed, output: output ?? null };
}
