/** What stands on the machine of a job so that it reports, ready to be copied. */

export interface LinesFor {
  job: string;
  schedule: string | null;
  every: string | null;
  timezone: string;
  /** The address of Cronflow, without a slash at the end. */
  url: string;
  /** True where pings need a token. */
  needsToken: boolean;
}

export interface ReadyLines {
  kind: 'crontab' | 'systemd' | 'kubernetes' | 'curl';
  title: string;
  text: string;
}

const MACROS: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};
const TOKEN_FILE = '/etc/cronflow/ping-token';
const WRAPPER = '/opt/cronflow/scripts/monitor.sh';
const COMMAND = 'COMMAND';

/** Returns the lines for each way to start a job. `COMMAND` stands for what the job does. */
export function readyLines(wanted: LinesFor): ReadyLines[] {
  return [
    { kind: 'crontab', title: 'crontab', text: crontab(wanted) },
    { kind: 'systemd', title: 'systemd', text: systemd(wanted) },
    { kind: 'kubernetes', title: 'Kubernetes', text: kubernetes(wanted) },
    { kind: 'curl', title: 'curl', text: curl(wanted) },
  ];
}

function crontab({ job, schedule, every, timezone, url, needsToken }: LinesFor): string {
  const fields = fiveFields(schedule);
  const when = fields?.join(' ') ?? (every === null ? null : everyMinutes(every));
  const note =
    when === null
      ? ['# A crontab cannot say when this job runs; fill in the five fields.']
      : fields !== null && timezone !== 'UTC'
        ? [`# The clock of this machine must be in ${timezone}.`]
        : [];
  return [
    ...note,
    `CRONFLOW_URL=${url}`,
    ...(needsToken ? [`CRONFLOW_PING_TOKEN_FILE=${TOKEN_FILE}`] : []),
    `${when ?? '? ? ? ? ?'} ${WRAPPER} ${job} -- ${COMMAND}`,
  ].join('\n');
}

function systemd({ job, schedule, every, timezone, url, needsToken }: LinesFor): string {
  const calendars = calendarsOf(fiveFields(schedule));
  const timer =
    every !== null
      ? [`OnActiveSec=0`, `OnUnitActiveSec=${every}`]
      : calendars === null
        ? ['# This timer cannot say when the job runs; fill in OnCalendar=.']
        : calendars.map((calendar) => `OnCalendar=${calendar} ${timezone}`);
  const environment = [
    `Environment=CRONFLOW_URL=${url}`,
    ...(needsToken ? [`Environment=CRONFLOW_PING_TOKEN_FILE=${TOKEN_FILE}`] : []),
    'Environment=CRONFLOW_SPOOL_DIR=/var/lib/cronflow-spool',
  ];
  return [
    `# /etc/systemd/system/${job}.service`,
    '[Service]',
    'Type=oneshot',
    ...environment,
    `ExecStart=${WRAPPER} ${job} -- ${COMMAND}`,
    '',
    `# /etc/systemd/system/${job}.timer`,
    '[Timer]',
    ...timer,
    '[Install]',
    'WantedBy=timers.target',
  ].join('\n');
}

function kubernetes({ job, schedule, every, timezone, url, needsToken }: LinesFor): string {
  const fields = fiveFields(schedule);
  const when = fields?.join(' ') ?? (every === null ? null : everyMinutes(every));
  const token = [
    '                - name: CRONFLOW_PING_TOKEN',
    '                  valueFrom: {secretKeyRef: {name: cronflow, key: ping-token}}',
  ];
  return [
    'apiVersion: batch/v1',
    'kind: CronJob',
    'metadata:',
    `  name: ${objectName(job)}`,
    'spec:',
    when === null
      ? '  schedule: "? ? ? ? ?" # five fields cannot say when this job runs; fill them in'
      : `  schedule: ${JSON.stringify(when)}`,
    `  timeZone: ${timezone}`,
    '  jobTemplate:',
    '    spec:',
    '      backoffLimit: 0',
    '      template:',
    '        spec:',
    '          restartPolicy: Never',
    '          terminationGracePeriodSeconds: 30',
    '          containers:',
    '            - name: job',
    '              image: IMAGE # with monitor.sh in it',
    `              command: [sh, ${WRAPPER}, ${job}, --, ${COMMAND}]`,
    '              env:',
    '                - name: CRONFLOW_URL',
    `                  value: ${url}`,
    ...(needsToken ? token : []),
  ].join('\n');
}

function curl({ job, url, needsToken }: LinesFor): string {
  const token = needsToken ? ` -H "Authorization: Bearer $(cat ${TOKEN_FILE})"` : '';
  const send = `curl -fsS -o /dev/null -m 10 --retry 3${token}`;
  return [
    'rid=$(hostname).$$.$(date +%s)',
    `${send} "${url}/jobs/${job}/start?rid=$rid"`,
    COMMAND,
    `${send} "${url}/jobs/${job}/success?rid=$rid&exit_code=$?"`,
  ].join('\n');
}

/** Returns the fields of an expression of five; null for another one. */
function fiveFields(schedule: string | null): string[] | null {
  const fields = (MACROS[schedule ?? ''] ?? schedule ?? '').trim().split(/\s+/);
  // `L` and `#` are extensions of Cronflow.
  return fields.length === 5 && !fields.some((field) => /#|\dL|^L/i.test(field)) ? fields : null;
}

/** Writes a period as an expression, where an hour is a whole number of it. */
function everyMinutes(every: string): string | null {
  const minutes = Number(/^(\d+)m$/.exec(every)?.[1]);
  if (minutes > 0 && 60 % minutes === 0) return minutes === 60 ? '0 * * * *' : `*/${minutes} * * * *`;
  return every === '1h' ? '0 * * * *' : null;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Writes an expression as systemd does. Where either of two days will do, that takes two lines. */
function calendarsOf(fields: readonly string[] | null): string[] | null {
  if (fields === null) return null;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const [minutes, hours, days, months] = [
    numbersOf(minute, 0),
    numbersOf(hour, 0),
    numbersOf(day, 1),
    numbersOf(byNumber(month, MONTHS), 1),
  ];
  const weekdays = weekdaysOf(weekday);
  if (minutes === null || hours === null || days === null || months === null || weekdays === null)
    return null;
  const at = `${hours}:${minutes}:00`;
  const isEither = !day.startsWith('*') && !weekday.startsWith('*');
  if (isEither) return [`*-${months}-${days} ${at}`, `${weekdays} *-${months}-* ${at}`];
  return [`${weekdays === '' ? '' : `${weekdays} `}*-${months}-${days} ${at}`];
}

function byNumber(field: string, names: readonly string[]): string {
  return field.toLowerCase().replaceAll(/[a-z]{3}/g, (name) => {
    const number = names.findIndex((each) => each.toLowerCase() === name);
    return number === -1 ? name : String(number);
  });
}

function numbersOf(field: string, first: number): string | null {
  const parts = field.split(',').map((part) => {
    const [, range, step] = /^(\*|\d+(?:-\d+)?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (range === undefined) return null;
    const written = range.includes('-') || range === '*' ? range : two(range);
    if (step === undefined) return written.replace('-', '..');
    return `${range === '*' ? two(String(first)) : written.replace('-', '..')}/${step}`;
  });
  return parts.includes(null) ? null : parts.join(',');
}

function two(number: string): string {
  return number.padStart(2, '0');
}

function weekdaysOf(field: string): string | null {
  if (field === '*') return '';
  const parts = byNumber(field, DAYS)
    .split(',')
    .map((part) => {
      const [, from, to] = /^([0-7])(?:-([0-7]))?$/.exec(part) ?? [];
      if (from === undefined) return null;
      return to === undefined ? DAYS[Number(from)] : `${DAYS[Number(from)]}..${DAYS[Number(to)]}`;
    });
  return parts.includes(null) ? null : parts.join(',');
}

/** Names of objects have no capitals and no underscores. */
function objectName(job: string): string {
  return job
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, 52)
    .replace(/[^a-z0-9]+$/, '');
}
