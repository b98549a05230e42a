import type { AuditEntry } from '../../cli/api-types.ts';

const ACTIONS: Readonly<Record<AuditEntry['action'], string>> = {
  job_registered: 'registered',
  job_changed: 'changed',
  job_renamed: 'renamed',
  job_removed: 'removed',
  job_paused: 'paused',
  job_resumed: 'resumed',
  incident_acknowledged: 'acknowledged',
  configuration_applied: 'applied the configuration',
};

/** Says what was done. */
export function actionText({ action }: Pick<AuditEntry, 'action'>): string {
  return ACTIONS[action];
}

/** Says why a file was read, whatever the word of the log for it is. */
const CAUSES: Readonly<Record<string, string>> = {
  start: 'as Cronflow started',
  SIGHUP: 'because of SIGHUP',
  'asked for': 'because it was asked for',
};

/** Says who did it and from where: `by alice (session) from 10.0.0.7`, `because the file changed`. */
export function actorText({ via, who, from }: Pick<AuditEntry, 'via' | 'who' | 'from'>): string {
  const place = from === null ? '' : ` ${via === 'file' ? 'on' : 'from'} ${from}`;
  if (via === 'file') return `${CAUSES[who ?? ''] ?? `because ${who ?? 'the file changed'}`}${place}`;
  return via === 'anybody' ? `by anybody${place}` : `by ${who ?? 'anybody'} (${via})${place}`;
}

/** Writes a change of one key: `grace: "5m" -> "10m"`, `+ owner: "ops"`, `- owner: "ops"`. */
export function changeText({ job, key, from, to }: AuditEntry['changes'][number], isNamed: boolean): string {
  const name = isNamed && job !== null ? `${job}.${key}` : key;
  const write = (value: unknown): string => (key === 'revision' ? shortHash(value) : JSON.stringify(value));
  if (from === undefined) return `+ ${name}: ${write(to)}`;
  if (to === undefined) return `- ${name}: ${write(from)}`;
  return `~ ${name}: ${write(from)} -> ${write(to)}`;
}

function shortHash(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 12) : JSON.stringify(value);
}
