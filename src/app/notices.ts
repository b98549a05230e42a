import type { Config } from '../config/config.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { HeartbeatStatus } from '../core/model/heartbeat-config.ts';
import { tellsNobody } from '../core/model/notifier-config.ts';

/** Returns the names of the notifiers that only log although they are meant to tell somebody. */
export function tellingNobody(config: Config | null): string[] {
  return (config?.notifiers ?? []).filter(tellsNobody).map(({ name }) => name);
}

/**
 * Returns warnings that people should know of although the service runs; they are shown at the start, on `/readyz`
 * and on `/`.
 */
export function noticesOf(
  config: Config | null,
  problem: ConfigProblem | null,
  parts?: {
    worker: { failing: readonly string[]; refusing: ReadonlyMap<string, string> };
    liveness: { others: readonly string[] };
    heartbeat: { status: HeartbeatStatus | null };
  },
): string[] {
  const notices: string[] = [];
  const hasOthers = (parts?.liveness.others.length ?? 0) > 0;
  for (const name of tellingNobody(config)) {
    const what = hasOthers
      ? `this instance can tell nobody: notifier "${name}" has no webhook_url here, so the others try its notifications `
      : `nobody will be told: notifier "${name}" has no webhook_url, its notifications only go to the log `;
    notices.push(`${what}(set SLACK_WEBHOOK_URL, or webhook_url in the configuration)`);
  }
  for (const name of parts?.worker.failing ?? []) {
    notices.push(
      `messages to notifier "${name}" are not delivered; GET /deliveries?notifier=${name} says why`,
    );
  }
  for (const [name, why] of parts?.worker.refusing ?? []) {
    notices.push(
      `the receiver of notifier "${name}" refuses what this instance sends, so its messages are left to the others ` +
        `(${why}); compare the secrets of this instance with theirs, and restart it with the right ones`,
    );
  }
  const trouble = parts?.heartbeat.status?.trouble ?? null;
  if (trouble !== null) notices.push(trouble);
  if (problem !== null) notices.push('the configuration on disk is not applied; GET /config says why');
  return notices;
}
