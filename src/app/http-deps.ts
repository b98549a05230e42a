import { NO_PUBLIC_BADGES } from '../core/model/badge.ts';
import { CronflowError } from '../core/model/errors.ts';
import { DEFAULT_GLOBALS } from '../core/model/spec.ts';
import type { HttpDeps } from '../http/deps.ts';
import type { Tokens } from '../http/access/tokens.ts';
import { UnknownPings } from '../ingest/unknown-pings.ts';
import type { NamedTokens } from './named-tokens.ts';
import { noticesOf, tellingNobody } from './notices.ts';
import type { AppOptions, Parts } from './parts.ts';
import { createLinting } from './lints.ts';
import { tryConfig } from './trial.ts';
import { configStatusOf, validateInput } from './reload.ts';
import type { ConfigReloader } from '../config/reloader.ts';

/** Parts that requests need beside those that are built first. */
interface Started {
  parts: Parts;
  reloader: ConfigReloader;
  tokens: Tokens;
  named: NamedTokens;
  version: string;
}

/** Returns what the HTTP server needs of a service whose configuration runs. */
export function httpDepsOf(
  options: AppOptions,
  { parts, reloader, tokens, named, version }: Started,
): HttpDeps {
  const { clock, logger } = options;
  const unknownPings = new UnknownPings({ clock, logger });
  return {
    store: parts.store,
    ingest: parts.ingest,
    clock,
    logger,
    tokens,
    namedTokens: () => named.current,
    version,
    validateDeclaration: (input) => validateInput(input, reloader.current),
    configStatus: () => configStatusOf(options.configPath, reloader, parts.appliedAt),
    reload: (request) => reloadForClient(options, { parts, reloader }, request),
    tryConfig: (text) =>
      tryConfig(text, {
        store: parts.store,
        clock,
        redact: reloader.current?.redact ?? [],
        pinging: unknownPings.recent().map(({ name }) => name),
      }),
    configLints: createLinting(reloader, { env: options.env, clock, unknownPings }),
    globals: () => reloader.current?.globals ?? DEFAULT_GLOBALS,
    publicBadges: () => reloader.current?.badges ?? NO_PUBLIC_BADGES,
    notices: () => [...named.notices, ...noticesOf(reloader.current, reloader.problem, parts)],
    heartbeat: () => parts.heartbeat.status,
    tellingNobody: () => tellingNobody(reloader.current),
    refusing: () => [...parts.worker.refusing.keys()],
    messages: parts.messages,
    metersStore: () => parts.liveness.isFirst,
    counts: parts.counts,
    checkedMs: () => parts.checker.lastPassedMs,
    perJobMetrics: () => reloader.current?.perJobMetrics ?? false,
    onUnknownPing: (name, kind) => unknownPings.note(name, kind),
    unknownPings: () => unknownPings.recent(),
    ...(options.base === undefined ? {} : { base: options.base }),
    onFormerName: (name, job, kind) => unknownPings.noteFormer(name, job, kind),
  };
}

/** Reads the configuration again for a client, which hears why it was refused. */
async function reloadForClient(
  { configPath }: AppOptions,
  { parts, reloader }: Pick<Started, 'parts' | 'reloader'>,
  { confirm, by }: Parameters<HttpDeps['reload']>[0],
): ReturnType<HttpDeps['reload']> {
  const result = await reloader.reload({
    because: 'POST /config/reload',
    ...(by === undefined ? {} : { by }),
    ...(confirm === undefined ? {} : { confirm }),
  });
  if (result.status === 'refused') {
    const { code, text, faults } = result.problem;
    throw new CronflowError(code, text, { faults });
  }
  return configStatusOf(configPath, reloader, parts.appliedAt);
}
