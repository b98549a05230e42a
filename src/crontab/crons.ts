/** The crons that may run a crontab; they differ in the meaning of a line. */
export const CRONS = ['any', 'debian', 'cronie', 'busybox', 'supercronic', 'freebsd', 'openbsd'] as const;
export type Cron = (typeof CRONS)[number];

/** The rules by which one cron reads a crontab. */
export interface Dialect {
  /** Its name in sentences. */
  name: string;
  /** True if a `%` ends the command and begins its standard input. */
  hasPercent: boolean;
  /** Settings that change the zone of the times below; the first of them that is set counts. */
  zoneSettings: readonly string[];
  /** Letters of options that may stand between the time and the command; empty where there are none. */
  flags: string;
  /** True if a dash before the time is understood. */
  hasDash: boolean;
  /** True if `RANDOM_DELAY` delays the lines below. */
  hasRandomDelay: boolean;
  /** True if seconds may stand before the five fields and a year behind them. */
  hasSeconds: boolean;
  /** True if `L` and `#` are understood among the days. */
  hasLastAndNth: boolean;
  /** True if `@every_minute` is understood. */
  hasEveryMinute: boolean;
  /** True if `@every 5m` is understood. */
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
  // `any` accepts the meaning that one cron gives to a line, unless another cron gives it a different one.
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
