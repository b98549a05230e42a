import type { Ping } from '../../../src/core/model/records.ts';
import { HTTP_LIMITS } from '../../../src/http/limits.ts';
import { pingOf } from '../../../src/http/ping/ping.ts';
import type { ScriptedPing } from '../script.ts';

/** Returns a scripted ping as the server understands the request that a client makes of it. */
export function parsedPing(sent: ScriptedPing, receivedAt: number): Ping {
  const { kind, output, ...parameters } = sent;
  const query = Object.entries(parameters).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const { ping } = pingOf({
    kind,
    query: query.join('&'),
    body: null,
    received_at: receivedAt,
    limits: HTTP_LIMITS,
  });
  return { ...ping, output: output ?? null };
}
