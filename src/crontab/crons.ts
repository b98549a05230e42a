/** Which cron runs the crontab: they differ in what a line means. */
export const CRONS = ['any', 'debian', 'cronie', 'busybox', 'supercronic', 'freebsd', 'openbsd'] as const;
export type Cron = (typeof CRONS)[number];

/** What one cron makes of a crontab. */
export interface Dialect {
  /** What it is called in sentences. */
  name: string;
  /** Whether a `%` ends the command and begins its standard input. */
  hasPercent: boolean;
  /** Settings that change the zone of the times below, the one that counts more first. */
  zoneSettings: readonly string[];
  /** Options that may stand between the time and the command; empty where there are none. */
  flags: string;
  /** Whether a dash before the time is understood. */
  hasDash: boolean;
  /** Whether `RANDOM_DELAY` delays the lines below. */
  hasRandomDelay: boolean;
  /** Whether seconds may stand before the five fields and a year behind them. */
  hasSeconds: boolean;
  /** Whether `L` and `#` are understood among the days. */
  hasLastAndNth: boolean;
  /** Whether `@every_minute` is understood. */
  hasEveryMinute: boolean;
  /** Whether `@every 5m` is understood. */
  hasEvery: boolean;
}

const PLAIN: Omit<Dialect, 'name'> = {
  hasPercent: true,
  zoneSettings: [],
  flags: '',
  hasDash: false,
  hasRandomDelay: false,
  hasSeconds: false,
  hasLastAndNth: false,
  hasEveryMinute: false,
  hasEvery: false,
};

export const DIALECTS: Readonly<Record<Cron, Dialect>> = {
  // What any of them means by a line that no other one means otherwise.
  any: {
    ...PLAIN,
    name: 'cron',
    zoneSettings: ['CRON_TZ', 'TZ'],
    flags: 'nqs',
    hasDash: true,
    hasRandomDelay: true,
    hasLastAndNth: true,
    hasEveryMinute: true,
    hasEvery: true,
  },
  debian: { ...PLAIN, name: "Debian's cron" },
  cronie: { ...PLAIN, name: 'cronie', zoneSettings: ['CRON_TZ'], hasDash: true, hasRandomDelay: true },
  busybox: { ...PLAIN, name: 'the cron of busybox', hasPercent: false },
  supercronic: {
    ...PLAIN,
    name: 'supercronic',
    hasPercent: false,
    zoneSettings: ['CRON_TZ'],
    hasSeconds: true,
    hasLastAndNth: true,
  },
  freebsd: { ...PLAIN, name: "FreeBSD's cron", flags: 'nq', hasEveryMinute: true },
  openbsd: { ...PLAIN, name: "OpenBSD's cron", flags: 'nqs' },
};
