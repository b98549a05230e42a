import type { HeartbeatConfig } from '../core/model/heartbeat-config.ts';
import { LIMITS } from '../core/model/limits.ts';
import { parseDuration } from '../schedule/duration.ts';
import { type Resolved, resolveSecrets } from './notifiers.ts';
import { validators } from './schema.ts';
import type { ConfigFile } from './schema-types.ts';

/**
 * Resolves the heartbeat of a file, its secret included. Returns null where there is none, or where its address is
 * empty.
 * @param file the file that declares the heartbeat: the path of its secret starts from the directory of that file
 * @param declared the heartbeat, valid by the schema
 * @param resolved gains the problems of the secret, and the file that was read
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
