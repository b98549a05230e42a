import type { HeartbeatConfig } from '../core/model/heartbeat-config.ts';
import { LIMITS } from '../core/model/limits.ts';
import { parseDuration } from '../schedule/duration.ts';
import { type Resolved, resolveSecrets } from './notifiers.ts';
import { validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';

/**
 * Resolves the heartbeat of a file, its secret included; null where there is none, or its address is empty.
 * @param file that declares it: the path of its secret starts from its directory
 * @param declared as the schema wants it
 * @param resolved to which is added what is wrong with the secret, and the file that was read
 */
export function resolveHeartbeat(
  file: string,
  declared: ConfigFile['heartbeat'],
  resolved: Resolved,
): HeartbeatConfig | null {
  if (declared === undefined) return null;
  const schema = validators().schema.properties?.['heartbeat'] ?? {};
  const { url, every } = resolveSecrets(file, '/heartbeat', schema, { ...declared }, resolved) as {
    url: string;
    every?: string;
  };
  if (url === '') return null;
  return { url, everyMs: every === undefined ? LIMITS.heartbeatMsDefault : parseDuration(every) };
}
